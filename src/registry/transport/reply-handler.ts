/** What undici tells of one exchange, made a reply. */

import { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { countBytes } from '../../base/spent-chunks.ts'
import type { HttpReply, HttpRequest } from './http.ts'
import { Pace } from './pace.ts'
import { UntrustedReply } from './target.ts'

type Controller = Dispatcher.DispatchController

/** Bytes of a streamed body that wait here for their reader. */
const BUFFER = 64 * 1024
/** Undici waits anew after each (RFC 9110 §15.2). */
const MAX_HINTS = 8

/** Nothing is streamed that need not be: a stream costs more than all else of a small exchange. */
export class ReplyHandler implements Dispatcher.DispatchHandler {
  readonly reply: Promise<HttpReply>
  readonly #request: HttpRequest
  #resolve!: (reply: HttpReply) => void
  #reject!: (reason: Error) => void
  #controller: Controller | undefined
  /** All but the body of a reply that is given when it is whole. */
  #head: Pick<HttpReply, 'status' | 'headers'> | undefined
  readonly #chunks: Buffer[] = []
  #size = 0
  #stream: ReplyStream | undefined
  #hints = 0
  readonly #pace = new Pace((error) => this.#controller?.abort(error))

  constructor(request: HttpRequest) {
    this.#request = request
    this.reply = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    request.signal.addEventListener('abort', this.#stop)
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller
    if (this.#request.signal.aborted) this.#stop()
  }

  onResponseStart(controller: Controller, status: number, headers: HttpReply['headers']): void {
    // Hints, before the reply itself.
    if (status < 200) {
      if (++this.#hints > MAX_HINTS) controller.abort(new UntrustedReply(`the registry sends more than ${MAX_HINTS} hints before its reply`))
      return
    }
    this.#pace.start()
    const { method, limit, url } = this.#request
    const isEmpty = method === 'HEAD' || status === 204 || headers['content-length'] === '0'
    if (isEmpty || (limit !== undefined && status === 200)) this.#head = { status, headers }
    else {
      this.#stream = new ReplyStream(controller, this.#pace)
      this.#resolve({ status, headers, body: this.#stream, url })
    }
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    this.#pace.count(chunk.length)
    if (this.#stream) {
      countBytes(chunk)
      if (this.#stream.push(chunk)) return
      controller.pause()
      this.#pace.pause()
      return
    }
    const { limit = 0 } = this.#request
    this.#size += chunk.length
    if (this.#size > limit) controller.abort(new UntrustedReply(`the registry's reply is larger than ${limit} bytes`))
    else this.#chunks.push(chunk)
  }

  onResponseEnd(): void {
    this.#settle()
    if (this.#stream) this.#stream.push(null)
    else if (this.#head) this.#resolve({ ...this.#head, body: Buffer.concat(this.#chunks), url: this.#request.url })
  }

  onResponseError(_controller: Controller, error: Error): void {
    this.#settle()
    this.#stream?.destroy(error)
    this.#reject(error)
  }

  #settle(): void {
    this.#pace.stop()
    this.#request.signal.removeEventListener('abort', this.#stop)
  }

  readonly #stop = (): void => {
    const reason = this.#request.signal.reason as Error
    // While there is no connection yet, nobody else would end it.
    this.#reject(reason)
    this.#controller?.abort(reason)
  }
}

/** The body of a reply, at its reader's pace. */
class ReplyStream extends Readable {
  readonly #controller: Controller
  readonly #pace: Pace

  constructor(controller: Controller, pace: Pace) {
    super({ highWaterMark: BUFFER })
    this.#controller = controller
    this.#pace = pace
    // It may break off before anybody reads it.
    this.on('error', () => {})
  }

  override _read(): void {
    this.#pace.resume()
    this.#controller.resume()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.readableEnded) this.#controller.abort(error ?? new Error('nobody reads on'))
    done(error)
  }
}
