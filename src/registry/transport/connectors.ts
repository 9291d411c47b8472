/** Connections to registries, through proxies of the environment, with this machine's certificates. */

import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { createSecureContext, type ConnectionOptions } from 'node:tls'
import { buildConnector } from 'undici'
import { timeLimit } from '../../base/clock.ts'
import { isUntrustedCertificate } from '../registry-errors.ts'
import { extraCertificates, registryCertificates } from './certificates.ts'
import type { Proxy } from './proxies.ts'
import { ProxyError, proxyRefusal, proxyUnreachable } from './proxy-error.ts'

type ConnectTarget = buildConnector.Options
type Connect = (target: ConnectTarget) => Promise<Socket>
/** Connects to a target, or adds TLS to the target's existing connection (`httpSocket`). */
type Through = (connect: Connect) => Connect

export interface ConnectorOptions {
  /** PEM certificates to trust in addition to the system's. */
  readonly ca: readonly Buffer[]
  /** For SSL_CERT_FILE and SSL_CERT_DIR. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly proxyFor: (url: URL) => Proxy | undefined
  /** Destroys all connections, including those being established. */
  readonly closing: AbortSignal
}

const CONNECT_TIMEOUT_MS = 15_000
/** A proxy tries to reach the host before it replies. */
const TUNNEL_TIMEOUT_MS = 60_000

export class Connectors {
  readonly #options: ConnectorOptions
  #extra: Promise<string[]> | undefined

  constructor(options: ConnectorOptions) {
    this.#options = options
  }

  /** Connects to registries. @param insecure accepts any certificate */
  toRegistries(insecure: boolean): buildConnector.connector {
    const through: Through = (connect) => this.#throughProxy(connect)
    return callingBack(insecure ? through(this.#open({ rejectUnauthorized: false })) : this.#trusting(through))
  }

  /** Connects to the proxy for any target. */
  toProxy(proxy: Proxy): buildConnector.connector {
    const connect = this.#trusting((direct) => direct)
    return callingBack(() => dial(proxy, connect))
  }

  #throughProxy(connect: Connect): Connect {
    const toProxies = this.#trusting((direct) => direct)
    return async (target) => {
      const url = new URL(`${target.protocol}//${target.host}`)
      const proxy = url.protocol === 'https:' ? this.#options.proxyFor(url) : undefined
      if (!proxy) return connect(target)
      const limit = AbortSignal.any([this.#options.closing, timeLimit(TUNNEL_TIMEOUT_MS)])
      const tunnel = await openTunnel(proxy, await dial(proxy, toProxies), `${url.hostname}:${url.port || '443'}`, limit)
      return connect({ ...target, httpSocket: tunnel })
    }
  }

  /**
   * A context with all certificates takes a tenth of a second to create, Node's default one nothing: the former is created with the
   * certificates that Node lacks, once a certificate is not trusted without it.
   */
  #trusting(through: Through): Connect {
    const plain = through(this.#open({}))
    /** By host: the context with the certificates that it needs in addition to Node's. */
    const known = new Map<string, Connect>()
    return async (target) => {
      const host = target.host ?? target.hostname
      try {
        return await (known.get(host) ?? plain)(target)
      } catch (error) {
        if (known.has(host) || !isUntrustedCertificate(error)) throw error
      }
      const ca = [...(await this.#extraCertificates()), ...(await registryCertificates(host))]
      const trusting = through(this.#open({ secureContext: createSecureContext({ ca }) }))
      const socket = await trusting(target)
      known.set(host, trusting)
      return socket
    }
  }

  #open(tls: ConnectionOptions): Connect {
    // Node's sockets accept a signal, which the types of TLS omit.
    const options = { timeout: CONNECT_TIMEOUT_MS, ...tls, signal: this.#options.closing }
    const connect = buildConnector(options)
    return (target) => new Promise((resolve, reject) => connect(target, (error, socket) => (error ? reject(error) : resolve(socket))))
  }

  #extraCertificates(): Promise<string[]> {
    return (this.#extra ??= extraCertificates(this.#options.ca, this.#options.env, this.#options.closing))
  }
}

/** Connects to the proxy itself. @throws ProxyError */
async function dial(proxy: Proxy, connect: Connect): Promise<Socket> {
  const { protocol, host, hostname, port } = proxy.url
  try {
    return await connect({ protocol, host, hostname: hostname.replace(/^\[|\]$/g, ''), port })
  } catch (error) {
    throw proxyUnreachable(proxy, error as Error)
  }
}

function callingBack(connect: Connect): buildConnector.connector {
  return (target, callback) => void connect(target).then((socket) => callback(null, socket), (error: Error) => callback(error, null))
}

/**
 * Requests a tunnel to `target` from a proxy, over its connection `socket`.
 * @param target `host:port`
 * @param signal aborts the request
 * @throws ProxyError if the proxy refuses, or does not reply
 */
async function openTunnel(proxy: Proxy, socket: Socket, target: string, signal: AbortSignal): Promise<Socket> {
  const headers = { host: target, ...(proxy.authorization ? { 'proxy-authorization': proxy.authorization } : {}) }
  const sent = request({ method: 'CONNECT', path: target, headers, createConnection: () => socket, signal })
  sent.end()
  try {
    const [reply, tunnel, head] = (await once(sent, 'connect')) as [IncomingMessage, Socket, Buffer]
    const status = reply.statusCode ?? 0
    if (status < 200 || status > 299) throw proxyRefusal(proxy, target, status)
    if (head.length > 0) tunnel.unshift(head)
    return tunnel
  } catch (error) {
    socket.destroy()
    const isSlow = signal.aborted && (signal.reason as Error).name === 'TimeoutError'
    throw error instanceof ProxyError ? error : proxyUnreachable(proxy, isSlow ? new Error('it does not respond') : (error as Error))
  }
}
