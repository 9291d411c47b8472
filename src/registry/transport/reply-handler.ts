/** Converts undici's events for one exchange to a reply. */

import { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { countBytes } from '../../base/spent-chunks.ts'
import type { HttpReply, HttpRequest } from './http.ts'
import { Pace } from './pace.ts'
import { UntrustedReply } from './untrusted-address.ts'

type Controller = Dispatcher.DispatchController

/** Bytes of a streamed body to buffer for the reader. */
const BUFFER = 64 * 1024
/** undici restarts its timeout after each informational reply (RFC 9110 §15.2). */
const MAX_HINTS = 8

/** Bodies are streamed only if necessary: a stream costs more than the rest of a small exchange. */
export class ReplyHandler implements Dispatcher.DispatchHandler {
  readonly reply: Promise<HttpReply>
  readonly #request: HttpRequest
  #resolve!: (reply: HttpReply) => void
  #reject!: (reason: Error) => void
  #controller: Controller | undefined
  /** The head of a reply that is returned once its body is complete. */
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
    // Informational replies, before the final one.
    if (status < 200) {
      if (++this.#hints > MAX_HINTS) controller.abort(new UntrustedReply(`the registry sends more than ${MAX_HINTS} informational replies`))
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
    // Before a connection exists, nothing else aborts the request.
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
    // It may fail before it is read.
    this.on('error', () => {})
  }

  override _read(): void {
    this.#pace.resume()
    this.#controller.resume()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.readableEnded) this.#controller.abort(error ?? new Error('the reader stopped'))
    done(error)
  }
}
