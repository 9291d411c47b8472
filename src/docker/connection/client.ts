/** Requests to an engine's API over dockerode's connection, with streams and uniform errors. */

import { setMaxListeners } from 'node:events'
import { type IncomingHttpHeaders, type IncomingMessage, request as httpRequest } from 'node:http'
import { Duplex, finished, Transform, type Readable } from 'node:stream'
import Modem from 'docker-modem'
import Dockerode from 'dockerode'
import { throwIfAborted, toCnbError } from '../../base/errors.ts'
import type { EventSink, SpanArguments } from '../../base/events.ts'
import { beginSpan, endWith, type EndSpan } from '../../base/spans.ts'
import { countBytes } from '../../base/spent-chunks.ts'
import type { PullOptions } from '../engine.ts'
import { engineError, engineRefusal, engineStatus } from '../engine-errors.ts'
import type { Endpoint } from './endpoint.ts'
import { EngineAgent } from './engine-agent.ts'

const BUFFER = 256 * 1024
/** JSON replies are lists and descriptions; a larger reply is an error. */
const MAX_REPLY = 64 * 1024 * 1024
/** A body of known length 0: docker-modem's empty chunked body could arrive late, as the first bytes of the raw stream. */
const UPGRADE_HEADERS = { 'Content-Type': 'text/plain' }
const SUCCESS = { 200: true, 201: true, 204: true, 304: true }

/** For requests to an address without a host. */
const HOST = 'docker.invalid'

/** IDs of containers and images, which docker shows short. */
const FULL_ID = /[0-9a-f]{64}/g
const SHORT_ID = 12

export interface EngineRequest {
  /** The task, for messages: `cannot create a container from x`. */
  task: string
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  path: string
  query?: Record<string, string | number | boolean | object | undefined>
  body?: object
  /** A tar to send. It is destroyed if the request fails or ends early. */
  upload?: Readable | Buffer
  auth?: PullOptions['auth']
  signal?: AbortSignal
}

/**
 * Uses only `dial` of dockerode's connection: several of dockerode's methods take no signal, and all non-streaming ones wait forever
 * if the engine dies in the middle of a reply (docker-modem 5.0.7 listens to `end` only).
 */
export class EngineClient {
  readonly endpoint: Endpoint
  /** The signal of requests without a signal, which clean up (cleanup-signal.ts). */
  readonly cleanup: AbortSignal
  readonly events: EventSink | undefined
  /** Containers that are not removed yet, because the engine was gone. */
  readonly lost: Set<string>
  readonly #agent: EngineAgent
  readonly #docker: Dockerode

  /**
   * @param events gets a span for each request
   * @param agent the connections, shared with another client of the endpoint
   * @param lost shared with it too
   */
  constructor(endpoint: Endpoint, cleanup: AbortSignal, events?: EventSink, agent = new EngineAgent(endpoint), lost = new Set<string>()) {
    this.endpoint = endpoint
    this.cleanup = cleanup
    this.events = events
    this.lost = lost
    // One listener per concurrent request.
    setMaxListeners(0, cleanup)
    this.#agent = agent
    const host = endpoint.transport.kind === 'tcp' ? endpoint.transport.host : HOST
    // Modem's constructor is not called: it reads DOCKER_* and all files of DOCKER_CERT_PATH, but one-way TLS has only ca.pem. The endpoint
    // is already resolved, and the agent has all its settings.
    const settings = { host, port: 80, pathPrefix: '/', protocol: 'http', headers: {}, agent: this.#agent }
    const modem = Object.assign(Object.create(Modem.prototype) as Modem, settings)
    this.#docker = new Dockerode({ modem } as Dockerode.DockerOptions)
  }

  /** Returns a client with the same connections and another receiver of spans. */
  reportingTo(events: EventSink | undefined): EngineClient {
    return new EngineClient(this.endpoint, this.cleanup, events, this.#agent, this.lost)
  }

  /** Closes idle connections, and aborts active ones. */
  close(): void {
    this.#agent.destroy()
  }

  /** Returns the reply's body. A failure in the middle is an `error` event with a CnbError. */
  async stream(request: EngineRequest): Promise<Readable> {
    return (await this.#send(request)).body
  }

  /** Returns the raw bytes of a hijacked connection (`attach`); errors are the same as for `stream`. */
  async hijack(request: EngineRequest): Promise<Readable> {
    return (await this.#send(request, 'tcp')).body
  }

  /**
   * Returns the connection itself after the engine switched to `protocol`. The caller reads and destroys it; aborting the signal destroys
   * it too. Its errors are those of the socket, and do not end the process without a listener.
   * @throws CnbError CNB_ENGINE_FAILED if the engine does not switch
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

  /** Returns the reply's JSON. @throws CnbError CNB_ENGINE_FAILED if it is not JSON */
  async json(request: EngineRequest): Promise<unknown> {
    const text = await this.text(request)
    try {
      return JSON.parse(text)
    } catch {
      throw engineRefusal(request.task, 0, `the engine's reply is not JSON: ${text.slice(0, 200)}`)
    }
  }

  /** Returns the reply's text; also used to wait for an empty reply. */
  async text(request: EngineRequest): Promise<string> {
    return this.#text(request, await this.stream(request))
  }

  /** Returns the reply's headers, after its end. */
  async headers(request: EngineRequest): Promise<IncomingHttpHeaders> {
    const { headers, body } = await this.#send(request)
    await this.#text(request, body)
    return headers
  }

  async #text({ task }: EngineRequest, reply: Readable): Promise<string> {
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of reply) {
      chunks.push(chunk as Buffer)
      size += (chunk as Buffer).length
      if (size > MAX_REPLY) throw engineRefusal(task, 0, `the engine's reply is larger than ${MAX_REPLY} bytes`)
    }
    return Buffer.concat(chunks).toString()
  }

  /**
   * Sends a request, and ignores its reply and failure.
   * @returns `sent` resolves once the operating system has all of the request, `replied` after the reply or a failure
   */
  sendOnly({ method, path, query }: Pick<EngineRequest, 'method' | 'path'> & { readonly query: Record<string, string> }): { sent: Promise<void>; replied: Promise<void> } {
    const end = this.#beginSpan({ method, path })
    const request = httpRequest({ agent: this.#agent, host: HOST, method, path: `${path}?${new URLSearchParams(query).toString()}` })
    request.on('error', () => {}).on('response', (reply) => reply.on('error', () => {}).resume())
    const replied = new Promise<void>((resolve) => request.once('close', resolve))
    const sent = Promise.race([replied, new Promise<void>((resolve) => request.end(resolve))])
    return { sent: sent.then(() => end()), replied }
  }

  async #send(request: EngineRequest, protocol?: string): Promise<Pick<IncomingMessage, 'headers'> & { readonly body: Readable }> {
    const { signal = this.cleanup, task } = request
    const end = this.#beginSpan(request)
    const upload = Buffer.isBuffer(request.upload) ? undefined : request.upload
    const ongoing = new AbortController()
    let reply: Readable | undefined
    let sourceError: Error | undefined
    const stop = (error?: unknown): void => {
      signal?.removeEventListener('abort', stop)
      ongoing.abort(error)
      upload?.destroy()
      // The request's signal does not apply to a connection after an upgrade.
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
      // An engine may reply before it has read the whole upload; the rest is not needed.
      if (error || (upload && !upload.readableEnded)) stop(error)
      else signal?.removeEventListener('abort', stop)
    })
    body.once('close', () => reply.destroy())
    // The reader of the body receives its error; without a listener, an earlier error would end the process.
    body.on('error', () => {})
    if (this.events) endWith(body, end, statusOf(reply))
    return { headers: (reply as IncomingMessage).headers, body: reply.pipe(body) }
  }

  #beginSpan({ method, path }: Pick<EngineRequest, 'method' | 'path'>): EndSpan {
    return beginSpan(this.events, 'engine', `${method} ${path.replace(FULL_ID, (id) => id.slice(0, SHORT_ID))}`)
  }

  #dial(request: EngineRequest, abortSignal: AbortSignal | undefined, protocol: string | undefined): Promise<Readable> {
    const query = Object.fromEntries(Object.entries(request.query ?? {}).filter(([, value]) => value !== undefined))
    const upgrade = protocol === undefined ? {} : upgradeOf(protocol, request.body)
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

function upgradeOf(protocol: string, body: object | undefined) {
  const headers = body === undefined ? UPGRADE_HEADERS : { 'Content-Type': 'application/json' }
  return { hijack: true, headers: { ...headers, Upgrade: protocol }, file: Buffer.from(body === undefined ? '' : JSON.stringify(body)) }
}

/** Returns the status of a reply; a connection that was handed over has none. */
function statusOf(reply: Readable): SpanArguments {
  const { statusCode: status } = reply as { statusCode?: number }
  return status === undefined ? {} : { status }
}

/** Returns the status or the error code, without the message, which may contain anything. */
function failureOf(error: unknown): SpanArguments {
  const status = engineStatus(error)
  return status === undefined ? { failed: toCnbError(error).code } : { status }
}
