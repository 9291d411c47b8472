/** The HTTP/2 session for gRPC at `POST /grpc` of an engine (Docker Engine API, "Session"). */

import type { ClientHttp2Session } from 'node:http2'
import { CnbError, throwIfAborted } from '../../base/errors.ts'
import type { EngineClient } from '../connection/client.ts'

/** Flow-control windows per stream and per session: with smaller ones, large blobs are slow over a network. */
const STREAM_WINDOW = 1024 * 1024
const SESSION_WINDOW = 4 * STREAM_WINDOW

/** A session with an engine, opened on first use and reopened after it broke. */
export class GrpcSession {
  readonly #client: EngineClient
  #opening: Promise<ClientHttp2Session> | undefined
  #users = 0

  constructor(client: EngineClient) {
    this.#client = client
  }

  /**
   * Returns the session, which keeps the process alive until the caller calls `release`. Callers share the opening, so the signal of one
   * does not abort it.
   * @throws CnbError CNB_ENGINE_FAILED if the engine does not offer a session, CNB_ENGINE_LOST, CNB_ENGINE_UNREACHABLE, CNB_INTERRUPTED
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

  /** Destroys the session. */
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
    // Loading it takes 10 ms, and most commands need no session.
    const { connect } = await import('node:http2')
    const socket = await this.#client.upgrade({ task, method: 'POST', path: '/grpc' }, 'h2c')
    const settings = { enablePush: false, initialWindowSize: STREAM_WINDOW }
    const session = connect('http://engine.invalid', { createConnection: () => socket, settings })
    // Pending calls receive the error; between calls it has no receiver.
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
