/** Connections through a proxy by CONNECT (RFC 9110 §9.3.6). */

import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Proxy } from './proxies.ts'
import { ProxyError, refused, unreachable } from './proxy-error.ts'

/**
 * Asks a proxy for a connection to `target`, over `socket`, which is a connection to the proxy.
 * @param target `host:port`
 * @param signal gives up
 * @throws ProxyError when the proxy refuses, or does not answer
 */
export async function openTunnel(proxy: Proxy, socket: Socket, target: string, signal: AbortSignal): Promise<Socket> {
  const headers = { host: target, ...(proxy.authorization ? { 'proxy-authorization': proxy.authorization } : {}) }
  const sent = request({ method: 'CONNECT', path: target, headers, createConnection: () => socket, signal })
  sent.end()
  try {
    const [reply, tunnel, head] = (await once(sent, 'connect')) as [IncomingMessage, Socket, Buffer]
    const status = reply.statusCode ?? 0
    if (status < 200 || status > 299) throw refused(proxy, target, status)
    if (head.length > 0) tunnel.unshift(head)
    return tunnel
  } catch (error) {
    socket.destroy()
    const isSlow = signal.aborted && (signal.reason as Error).name === 'TimeoutError'
    throw error instanceof ProxyError ? error : unreachable(proxy, isSlow ? new Error('it does not answer') : (error as Error))
  }
}
