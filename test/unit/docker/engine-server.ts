/** An HTTP server on a socket that acts as an engine with faults and records requests. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Http2Server } from 'node:http2'
import type { Duplex } from 'node:stream'
import { join } from 'node:path'
import type { EventSink } from '../../../src/base/events.ts'
import { makeTemporaryDirectory } from '../../../src/base/files.ts'
import { EngineClient } from '../../../src/docker/connection/client.ts'
import { GrpcSession } from '../../../src/docker/content/grpc-session.ts'
import { DockerodeEngine } from '../../../src/docker/dockerode-engine.ts'

export type Reply = (response: ServerResponse, request: IncomingMessage) => void

export interface EngineServer extends AsyncDisposable {
  readonly engine: DockerodeEngine
  /** `METHOD /path` of each request so far, without query. */
  readonly asked: string[]
  /** The same with the query. */
  readonly urls: string[]
}

/** Replies with JSON and a status, by default 200. */
export function json(body: unknown, status = 200): Reply {
  return (response) => response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
}

/** Closes the connection after `sent`, in the middle of the body. */
export function breakOff(sent = ''): Reply {
  return (response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' })
    response.write(sent || ' ', () => response.destroy())
  }
}

/** A frame of multiplexed output. */
export function frame(stream: number, payload: string | Buffer): Buffer {
  const header = Buffer.alloc(8)
  header.writeUInt8(stream, 0)
  header.writeUInt32BE(Buffer.byteLength(payload), 4)
  return Buffer.concat([header, Buffer.from(payload)])
}

/**
 * Starts a server that answers `METHOD /path` (`*` matches one part of the path) with `replies`, anything else with 404;
 * `attached` gets the connection of an attach, and its query; `grpc` those to /grpc, or is the
 * status that refuses them; `cleanup` and `events` are the engine's (cleanup-signal.ts).
 */
export async function startEngineServer(
  replies: Readonly<Record<string, Reply>>,
  attached: (socket: Duplex, query: URLSearchParams) => void = (socket) => socket.end(),
  grpc: Http2Server | number = 404,
  cleanup: AbortSignal = new AbortController().signal,
  events?: EventSink,
): Promise<EngineServer> {
  const directory = await makeTemporaryDirectory('cnb-test-')
  const path = join(directory.path, 'engine.sock')
  const asked: string[] = []
  const urls: string[] = []
  const note = ({ method, url }: IncomingMessage): string => {
    urls.push(`${method} ${url}`)
    const line = `${method} ${url?.replace(/\?.*/, '')}`
    asked.push(line)
    return line
  }
  const server = createServer((request, response) => {
    const line = note(request)
    const pattern = Object.keys(replies).find((key) => new RegExp(`^${key.replaceAll('*', '[^/]+')}$`).test(line))
    const reply = pattern === undefined ? json({ message: `no reply for ${line}` }, 404) : replies[pattern]
    reply?.(response, request)
  })
  server.on('upgrade', (request, socket) => {
    const line = note(request)
    socket.on('error', () => {})
    const isGrpc = line === 'POST /grpc'
    if (isGrpc && typeof grpc === 'number') {
      socket.end(`HTTP/1.1 ${grpc} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
      return
    }
    socket.write(`HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: ${request.headers.upgrade}\r\n\r\n`)
    if (!isGrpc) attached(socket, new URL(request.url ?? '', 'http://engine').searchParams)
    else if (typeof grpc !== 'number') grpc.emit('connection', socket)
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  const client = new EngineClient({ address: `unix://${path}`, origin: 'a test', transport: { kind: 'socket', path } }, cleanup, events)
  // As after a ping, unless the test has a reply to it.
  const greeting = 'GET /_ping' in replies ? {} : { greeting: { product: 'docker', apiVersion: '' } as const }
  const engine = new DockerodeEngine(client, { session: new GrpcSession(client), ...greeting })
  return {
    engine,
    asked,
    urls,
    [Symbol.asyncDispose]: async () => {
      engine.close()
      server.closeAllConnections()
      server.close()
      await directory[Symbol.asyncDispose]()
    },
  }
}
