/** Requests to an engine's API, over dockerode's connection: streams in and out, one kind of error, nothing left open. */

import { setMaxListeners } from 'node:events'
import { Agent } from 'node:http'
import { connect as connectPlain } from 'node:net'
import { Duplex, finished, Transform, type Readable } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { inspect } from 'node:util'
import Modem from 'docker-modem'
import Dockerode from 'dockerode'
import { throwIfAborted, toCnbError } from '../../base/errors.ts'
import type { EventSink, SpanArguments } from '../../base/events.ts'
import { beginSpan, endWith, type EndSpan } from '../../base/spans.ts'
import { countBytes } from '../../base/spent-chunks.ts'
import type { PullOptions } from '../engine.ts'
import { engineError, engineRefusal, refusalStatus } from '../errors.ts'
import type { Endpoint } from './endpoint.ts'
import type { Transport } from './engine-address.ts'
import { SshConnection } from './ssh-connection.ts'


const BUFFER = 256 * 1024
/** JSON replies that `cnb` asks for are lists and descriptions; one larger than this is not one. */
const MAX_REPLY = 64 * 1024 * 1024
/** With an empty body of a known length: docker-modem's empty chunked one could arrive late, as the first bytes of what follows. */
const UPGRADE_HEADERS = { 'Content-Type': 'text/plain' }
const SUCCESS = { 200: true, 201: true, 204: true, 304: true }

/** IDs of containers and images, which docker shows short. */
const FULL_ID = /[0-9a-f]{64}/g
const SHORT_ID = 12

export interface EngineRequest {
  /** What is attempted, for messages: `cannot create a container from x`. */
  task: string
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  path: string
  query?: Record<string, string | number | boolean | object | undefined>
  body?: object
  /** A tar to send. It is destroyed when the request fails or ends before it does. */
  upload?: Readable | Buffer
  auth?: PullOptions['auth']
  signal?: AbortSignal
}

/**
 * Dockerode's own methods are passed over for its connection's `dial`: several of them take no signal, and all that do not
 * stream wait for ever when the engine dies in the middle of a reply (docker-modem 5.0.7 listens to `end` alone).
 */
export class EngineClient {
  readonly endpoint: Endpoint
  /** The signal of requests that have none of their own, since they clear up (last-words.ts). */
  readonly last: AbortSignal
  readonly events: EventSink | undefined
  readonly #agent: EngineAgent
  readonly #docker: Dockerode

  /** @param events gets a span for each request */
  constructor(endpoint: Endpoint, last: AbortSignal, events?: EventSink) {
    this.endpoint = endpoint
    this.last = last
    this.events = events
    // Of as many requests as there are at once.
    setMaxListeners(0, last)
    this.#agent = new EngineAgent(endpoint)
    const host = endpoint.transport.kind === 'tcp' ? endpoint.transport.host : 'docker.invalid'
    // Modem's constructor is not called: it reads DOCKER_* and all files of DOCKER_CERT_PATH, of which a one-way TLS set-up has only
    // ca.pem. The endpoint is resolved already, and the agent has all that belongs to it.
    const settings = { host, port: 80, pathPrefix: '/', protocol: 'http', headers: {}, agent: this.#agent }
    const modem = Object.assign(Object.create(Modem.prototype) as Modem, settings)
    this.#docker = new Dockerode({ modem } as Dockerode.DockerOptions)
  }

  /** Closes idle connections, and breaks off those in use. */
  close(): void {
    this.#agent.destroy()
  }

  /** The reply's body. Its failure in the middle is an `error` event with a CnbError. */
  async stream(request: EngineRequest): Promise<Readable> {
    return this.#send(request)
  }

  /** What comes over a connection of its own that carries raw bytes (`attach`); the same promises as `stream`. */
  async hijack(request: EngineRequest): Promise<Readable> {
    return this.#send(request, 'tcp')
  }

  /**
   * The connection itself, which the engine hands over for `protocol`: the caller's to read, and to destroy, which an abort of the
   * signal does too. Its errors are those of the socket, and do not end the process where nobody listens.
   * @throws CnbError CNB_ENGINE_FAILED when the engine does not hand it over
   */
  async upgrade(request: EngineRequest, protocol: string): Promise<Duplex> {
    const { signal, task } = request
    const end = this.#beginSpan(request)
    let connection: Readable
    try {
      throwIfAborted(signal)
      connection = await this.#dial(request, signal, protocol)
      end(statusOf(connection))
    } catch (thrown) {
      const error = engineError(thrown, task, this.endpoint, signal)
      end(failureOf(error))
      throw error
    }
    connection.on('error', () => {})
    const stop = (): void => void connection.destroy()
    if (signal?.aborted) stop()
    throwIfAborted(signal)
    if (!(connection instanceof Duplex)) {
      stop()
      throw engineRefusal(task, 0, `the engine does not switch to ${protocol}`)
    }
    signal?.addEventListener('abort', stop)
    connection.once('close', () => signal?.removeEventListener('abort', stop))
    return connection
  }

  /** The reply's JSON. @throws CnbError CNB_ENGINE_FAILED when it is none */
  async json(request: EngineRequest): Promise<unknown> {
    const text = await this.text(request)
    try {
      return JSON.parse(text)
    } catch {
      throw engineRefusal(request.task, 0, `the engine's reply is not JSON: ${text.slice(0, 200)}`)
    }
  }

  /** The reply's text; also the way to wait for a reply that says nothing. */
  async text(request: EngineRequest): Promise<string> {
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of await this.stream(request)) {
      chunks.push(chunk as Buffer)
      size += (chunk as Buffer).length
      if (size > MAX_REPLY) throw engineRefusal(request.task, 0, `the engine's reply is larger than ${MAX_REPLY} bytes`)
    }
    return Buffer.concat(chunks).toString()
  }

  async #send(request: EngineRequest, protocol?: string): Promise<Readable> {
    const { signal = this.last, task } = request
    const end = this.#beginSpan(request)
    const upload = Buffer.isBuffer(request.upload) ? undefined : request.upload
    const ongoing = new AbortController()
    let reply: Readable | undefined
    let sourceError: Error | undefined
    const stop = (error?: unknown): void => {
      signal?.removeEventListener('abort', stop)
      ongoing.abort(error)
      upload?.destroy()
      // A connection that was taken over knows nothing of the request's signal.
      reply?.destroy()
    }
    const translate = (error: unknown): Error =>
      (signal?.aborted ? undefined : sourceError) ?? engineError(error, task, this.endpoint, signal)
    try {
      throwIfAborted(signal)
      signal?.addEventListener('abort', stop)
      if (upload) {
        finished(upload, { writable: false }, (error) => {
          if (!error || ongoing.signal.aborted) return
          sourceError = error
          stop(error)
        })
      }
      reply = await this.#dial(request, ongoing.signal, protocol)
      throwIfAborted(signal)
    } catch (error) {
      const translated = translate(error)
      end(failureOf(translated))
      stop(error)
      throw translated
    }
    const body = new Transform({
      highWaterMark: BUFFER,
      transform(chunk: Buffer, _encoding, done) {
        countBytes(chunk)
        done(null, chunk)
      },
    })
    finished(reply, { writable: false }, (error) => {
      if (error) body.destroy(translate(error))
      // An engine may answer before it has read all that it was sent; what is left is of no use to anybody.
      if (error || (upload && !upload.readableEnded)) stop(error)
      else signal?.removeEventListener('abort', stop)
    })
    body.once('close', () => reply.destroy())
    // Whoever reads the body gets its error; this keeps one that comes before anybody reads from ending the process.
    body.on('error', () => {})
    if (this.events) endWith(body, end, statusOf(reply))
    return reply.pipe(body)
  }

  #beginSpan({ method, path }: EngineRequest): EndSpan {
    return beginSpan(this.events, 'engine', `${method} ${path.replace(FULL_ID, (id) => id.slice(0, SHORT_ID))}`)
  }

  #dial(request: EngineRequest, abortSignal: AbortSignal | undefined, protocol: string | undefined): Promise<Readable> {
    const query = Object.fromEntries(Object.entries(request.query ?? {}).filter(([, value]) => value !== undefined))
    const upgrade = protocol === undefined ? {} : { hijack: true, headers: { ...UPGRADE_HEADERS, Upgrade: protocol }, file: Buffer.alloc(0) }
    return new Promise((resolve, reject) => {
      this.#docker.modem.dial(
        {
          path: `${request.path}?`,
          method: request.method,
          options: { _query: query, _body: request.body ?? {} },
          file: request.upload,
          authconfig: request.auth ? { ...request.auth } : undefined,
          statusCodes: SUCCESS,
          isStream: true,
          abortSignal,
          ...upgrade,
        },
        (error, reply) => (error ? reject(error) : resolve(reply as Readable)),
      )
    })
  }
}

/** A reply is the engine's message, or the connection itself. */
function statusOf(reply: Readable): SpanArguments {
  const { statusCode: status } = reply as { statusCode?: number }
  return status === undefined ? {} : { status }
}

/** Not the message, which may hold anything. */
function failureOf(error: unknown): SpanArguments {
  const status = refusalStatus(error)
  return status === undefined ? { failed: toCnbError(error).code } : { status }
}

/** Probes on an idle connection, in milliseconds: a peer that vanished without a word is noticed. */
const KEEP_ALIVE_MS = 30_000

/** Gives each request a connection to the endpoint, whatever host the request names, and keeps idle ones for the next. */
export class EngineAgent extends Agent {
  readonly #transport: Transport

  constructor(endpoint: Endpoint) {
    super({ keepAlive: true, keepAliveMsecs: KEEP_ALIVE_MS })
    this.#transport = endpoint.transport
  }

  /** docker-modem 5.0.7 describes each request down to the last property of its agent, for a log that nobody keeps. */
  [inspect.custom](): string {
    return 'EngineAgent'
  }

  override createConnection(): Duplex {
    const transport = this.#transport
    switch (transport.kind) {
      case 'socket':
        return connectPlain({ path: transport.path })
      case 'ssh':
        return new SshConnection(transport)
      case 'tcp': {
        const { host, port, tls } = transport
        const target = { host, port, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS }
        if (!tls) return connectPlain(target)
        return connectTls({ ...target, ca: tls.ca, cert: tls.cert, key: tls.key, rejectUnauthorized: tls.verify })
      }
    }
  }
}
