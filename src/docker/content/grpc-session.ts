/** The HTTP/2 session that an engine offers at `POST /grpc` (Docker Engine API, "Session"; gRPC is all that it serves there). */

import { connect, type ClientHttp2Session } from 'node:http2'
import { CnbError, throwIfAborted } from '../../base/errors.ts'
import type { EngineClient } from '../connection/client.ts'

/** What the engine may send before we have taken it, of one answer and of all: with less, large blobs are slow over a network. */
const STREAM_WINDOW = 1024 * 1024
const SESSION_WINDOW = 4 * STREAM_WINDOW

/** One session with an engine: opened by the first who asks, and again after it broke. */
export class GrpcSession {
  readonly #client: EngineClient
  #opening: Promise<ClientHttp2Session> | undefined
  #users = 0

  constructor(client: EngineClient) {
    this.#client = client
  }

  /**
   * The session, which keeps the process alive until its user calls `release`. The opening is shared, so a single user's signal
   * does not end it.
   * @throws CnbError CNB_ENGINE_FAILED when the engine does not offer one, CNB_ENGINE_LOST, CNB_ENGINE_UNREACHABLE, CNB_INTERRUPTED
   */
  async use(task: string, signal: AbortSignal | undefined): Promise<ClientHttp2Session> {
    throwIfAborted(signal)
    const opening = (this.#opening ??= this.#open(task))
    const session = await unlessAborted(opening, signal)
    this.#users++
    session.ref()
    return session
  }

  release(session: ClientHttp2Session): void {
    this.#users--
    if (this.#users === 0) session.unref()
  }

  /** Breaks it off. */
  close(): void {
    this.#opening?.then((session) => session.destroy(), () => {})
    this.#opening = undefined
  }

  #open(task: string): Promise<ClientHttp2Session> {
    const opening = this.#connect(task)
    const forget = (): void => {
      if (this.#opening === opening) this.#opening = undefined
    }
    opening.then((session) => session.once('goaway', forget).once('close', forget), forget)
    return opening
  }

  async #connect(task: string): Promise<ClientHttp2Session> {
    const socket = await this.#client.upgrade({ task, method: 'POST', path: '/grpc' }, 'h2c')
    const settings = { enablePush: false, initialWindowSize: STREAM_WINDOW }
    const session = connect('http://engine.invalid', { createConnection: () => socket, settings })
    // Those who wait for an answer hear of it; one between two calls is nobody's.
    session.on('error', () => {})
    await new Promise((resolve, reject) => {
      const lost = (): void => reject(new CnbError('CNB_ENGINE_LOST', `${task}: the engine closed the connection`))
      session.once('connect', resolve).once('close', lost)
    })
    session.setLocalWindowSize(SESSION_WINDOW)
    session.unref()
    return session
  }
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error)
    signal.addEventListener('abort', stop)
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}
