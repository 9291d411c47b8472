/** HTTP exchanges by undici, not too many of them at once with one host. */

import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import type { Dispatcher } from 'undici'
import { Limiter } from '../base/limiter.ts'
import type { Exchange, HttpReply, HttpRequest } from './http.ts'
import { ReplyHandler } from './reply-handler.ts'

const HEADERS_TIMEOUT_MS = 60_000
/** A registry hashes and moves an upload before it says that it has it. */
const UPLOAD_TIMEOUT_MS = 300_000
const BODY_TIMEOUT_MS = 60_000

// Undici reads HTTP by WebAssembly, which V8 compiles a second time as soon as it is warm. That takes a processor for a seventh of a
// second, which even a command of three requests would wait for at its end; of what is read, a few headers would be faster.
setFlagsFromString(`--wasm-tiering-budget=${2 ** 31 - 1}`)

/**
 * Exchanges over the dispatcher that `dispatcherFor` gives, `limit` at a time with one host until their reply begins, or is read.
 * Uploads are counted by themselves: one that copies a blob waits for a download, which must not wait for it.
 */
export function undiciExchange(dispatcherFor: (url: URL) => Promise<Dispatcher>, limit: number): Exchange {
  const limiters = new Map<string, Limiter>()
  const limiterOf = (key: string): Limiter => {
    const limiter = limiters.get(key) ?? new Limiter(limit)
    limiters.set(key, limiter)
    return limiter
  }
  return async (request) => {
    request.signal.throwIfAborted()
    const lane = request.body === undefined || Buffer.isBuffer(request.body) ? 'request' : 'upload'
    return limiterOf(`${lane} ${request.url.origin}`).run(() => exchange(request, dispatcherFor))
  }
}

async function exchange(request: HttpRequest, dispatcherFor: (url: URL) => Promise<Dispatcher>): Promise<HttpReply> {
  const { method, url, headers, body, signal } = request
  const dispatcher = await dispatcherFor(url)
  // A connection whose reply has just ended is free in the next turn of the event loop: whoever asks sooner opens another.
  await setImmediate()
  signal.throwIfAborted()
  const isUpload = body !== undefined && !Buffer.isBuffer(body)
  const bytes = isUpload ? await body.open(signal) : body
  const stream = Buffer.isBuffer(bytes) ? undefined : bytes
  let failure: Error | undefined
  stream?.on('error', (error) => (failure ??= error))
  try {
    const handler = new ReplyHandler(request)
    dispatcher.dispatch({
      origin: url.origin,
      path: url.pathname + url.search,
      method,
      headers: isUpload && body.size !== undefined ? { ...headers, 'content-length': String(body.size) } : headers,
      body: bytes,
      headersTimeout: isUpload ? UPLOAD_TIMEOUT_MS : HEADERS_TIMEOUT_MS,
      bodyTimeout: BODY_TIMEOUT_MS,
      // Undici closes the connection after each HEAD otherwise, for servers that send a body nevertheless (nodejs/undici#258).
      reset: false,
    }, handler)
    return await handler.reply
  } catch (error) {
    // What went wrong where the bytes come from is no fault of the registry's.
    throw failure ?? error
  } finally {
    stream?.destroy()
  }
}
