/** A proxy of a registry that records requests and injects faults (faults.ts). */

import { Agent, request as plainRequest } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { Agent as TlsAgent, request as tlsRequest } from 'node:https'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Certificate } from '../registry/certificate.ts'
import { listen } from '../registry/listen.ts'
import type { Registry } from '../registry/registry.ts'

interface LoggedRequest {
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  /** Undefined until a reply begins. */
  status: number | undefined
  /** Bytes of the request's body sent to the registry so far. */
  sent: number
  /** Bytes of the reply's body sent to the client so far. */
  received: number
  /** Whether a rule was applied. */
  readonly spoilt: boolean
}

interface Rule {
  /** Default: any method. */
  readonly method?: string
  /** Matched against the path with its query. Default: any path. */
  readonly path?: RegExp
  /** The number of requests to which the rule applies; default: one. */
  readonly times?: number
  readonly fault: Fault
}

/** Handles a request instead of passing it through. */
export type Fault = (exchange: Exchange) => Promise<void> | void

/** Transforms a body; an error in it cuts both connections. */
export type Change = (body: AsyncIterable<Buffer>) => AsyncIterable<Buffer>

export type Ending = 'end' | 'cut' | 'stall'

/** A request and the ways to handle it. */
interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Sends the request to the registry and returns the reply. */
  readonly forward: (change?: Change) => Promise<Found>
  /**
   * Sends a reply to the client. The reply to a HEAD request has no body.
   * @param then after the body: end the reply, cut the connection, or stall
   */
  readonly reply: (status: number, headers: OutgoingHttpHeaders, body?: AsyncIterable<Buffer>, then?: Ending) => Promise<void>
  /** Cuts the client's connection by a reset (RST). */
  readonly reset: () => void
}

export interface FaultProxy extends AsyncDisposable {
  /** `127.0.0.1:<port>`, for use in place of the registry's address. */
  readonly address: string
  readonly origin: string
  readonly certificate?: Certificate
  /** Every request so far; tests can clear it. */
  readonly log: LoggedRequest[]
  /** The oldest rule that matches a request applies. */
  inject(rule: Rule): void
  /** Removes all rules and all requests so far. */
  clear(): void
}

type Upstream = Pick<Registry, 'address' | 'certificate'>

/** @param upstream without it, requests without a rule get 404: for another host to which a registry redirects clients */
export async function startFaultProxy(upstream?: Upstream): Promise<FaultProxy> {
  const log: LoggedRequest[] = []
  const rules: { rule: Rule; left: number }[] = []
  /** By the client's port. A reset needs the connection itself, not the TLS on it. */
  const connections = new Map<number | undefined, Socket>()
  const certificate = upstream?.certificate
  const agent = certificate ? new TlsAgent({ keepAlive: true, ca: certificate.ca }) : new Agent({ keepAlive: true })

  const takeRule = (request: IncomingMessage): Rule | undefined => {
    const fits = ({ method = request.method, path }: Rule): boolean => method === request.method && (path?.test(request.url ?? '') ?? true)
    const found = rules.find(({ rule }) => fits(rule))
    if (found && --found.left <= 0) rules.splice(rules.indexOf(found), 1)
    return found?.rule
  }

  const { server, address, origin, ...listening } = await listen((request, response) => {
    const rule = takeRule(request)
    const entry = logged(request, rule !== undefined)
    log.push(entry)
    const connection = connections.get(request.socket.remotePort)
    const exchange: Exchange = {
      request,
      response,
      forward: (change) => forward(upstream, agent, request, entry, change),
      reply: (...words) => reply(request, response, entry, ...words),
      reset: () => void connection?.resetAndDestroy(),
    }
    // Tests cut connections on purpose; the other side's connection is cut in the same way.
    void Promise.resolve((rule?.fault ?? passThrough)(exchange)).catch(() => connection?.destroy())
  }, certificate)
  server.on('connection', (socket: Socket) => {
    const port = socket.remotePort
    connections.set(port, socket)
    socket.once('close', () => connections.delete(port))
  })
  return {
    address,
    origin,
    ...(certificate ? { certificate } : {}),
    log,
    inject: (rule) => void rules.push({ rule, left: rule.times ?? 1 }),
    clear: () => [rules, log].forEach((list) => list.splice(0)),
    async [Symbol.asyncDispose]() {
      agent.destroy()
      for (const connection of connections.values()) connection.destroy()
      await listening[Symbol.asyncDispose]()
    },
  }
}

async function passThrough({ forward, reply }: Exchange): Promise<void> {
  const found = await forward()
  await reply(found.statusCode ?? 502, found.headers, found)
}

function logged({ method, url, headers }: IncomingMessage, spoilt: boolean): LoggedRequest {
  const { pathname, searchParams } = new URL(url ?? '', 'http://proxy')
  return { method: method ?? '', path: pathname, query: searchParams, headers, status: undefined, sent: 0, received: 0, spoilt }
}

/** The parts of a reply that are passed through. */
type Found = Pick<IncomingMessage, 'statusCode' | 'headers'> & AsyncIterable<Buffer>

function forward(
  upstream: Upstream | undefined,
  agent: Agent,
  request: IncomingMessage,
  entry: LoggedRequest,
  change: Change = (body) => body,
): Promise<Found> {
  if (!upstream) return Promise.resolve(Object.assign(Readable.from([]), { statusCode: 404, headers: { 'content-length': '0' } }))
  const { certificate, address } = upstream
  const { connection: _connection, ...headers } = request.headers
  return new Promise<IncomingMessage>((resolve, reject) => {
    // Registries reply with absolute URLs that contain the host of the request.
    const sent = (certificate ? tlsRequest : plainRequest)(`${certificate ? 'https' : 'http'}://${address}${request.url}`, {
      agent,
      method: request.method,
      headers: { ...headers, 'x-forwarded-proto': certificate ? 'https' : 'http' },
    })
    sent.once('error', reject).once('response', resolve)
    pipeline(request, change, counted((bytes) => (entry.sent += bytes)), sent).catch(reject)
  })
}

async function reply(
  { method }: IncomingMessage,
  response: ServerResponse,
  entry: LoggedRequest,
  status: number,
  { connection: _connection, 'keep-alive': _keepAlive, ...headers }: OutgoingHttpHeaders,
  body: AsyncIterable<Buffer> = Readable.from([]),
  then: Ending = 'end',
): Promise<void> {
  entry.status = status
  response.writeHead(status, headers).flushHeaders()
  const content = method === 'HEAD' ? Readable.from([]) : body
  await pipeline(content, counted((bytes) => (entry.received += bytes)), response, { end: then === 'end' })
  if (then === 'cut') response.socket?.end()
}

function counted(count: (bytes: number) => void): Change {
  return async function* (body) {
    for await (const chunk of body) {
      count(chunk.length)
      yield chunk
    }
  }
}
