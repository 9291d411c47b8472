/** HTTP exchanges by undici, not too many of them at once with one host. */

import { setImmediate } from 'node:timers/promises'
import { request as send, type Dispatcher } from 'undici'
import { Limiter } from '../base/limiter.ts'
import { readingDocuments, type Exchange, type HttpReply, type HttpRequest } from './http.ts'

const HEADERS_TIMEOUT_MS = 60_000
/** A registry hashes and moves an upload before it says that it has it. */
const UPLOAD_TIMEOUT_MS = 300_000
const BODY_TIMEOUT_MS = 60_000

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
  const read = readingDocuments(async (request) => exchange(request, await dispatcherFor(request.url)))
  return async (request) => {
    request.signal.throwIfAborted()
    const lane = request.body === undefined || Buffer.isBuffer(request.body) ? 'request' : 'upload'
    return limiterOf(`${lane} ${request.url.origin}`).run(() => read(request))
  }
}

async function exchange({ method, url, headers, body, signal }: HttpRequest, dispatcher: Dispatcher): Promise<HttpReply> {
  // A connection whose reply has just ended is free in the next turn of the event loop: whoever asks sooner opens another.
  await setImmediate()
  signal.throwIfAborted()
  const upload = body === undefined || Buffer.isBuffer(body) ? undefined : await body.open(signal)
  const size = body && !Buffer.isBuffer(body) && body.size !== undefined ? { 'content-length': String(body.size) } : {}
  let failure: Error | undefined
  upload?.on('error', (error) => (failure ??= error))
  try {
    const reply = await send(url, {
      dispatcher,
      method,
      headers: { ...headers, ...size },
      body: upload ?? (body as Buffer | undefined),
      signal,
      headersTimeout: upload ? UPLOAD_TIMEOUT_MS : HEADERS_TIMEOUT_MS,
      bodyTimeout: BODY_TIMEOUT_MS,
      // Undici closes the connection after each HEAD otherwise, for servers that send a body nevertheless (nodejs/undici#258).
      reset: false,
    })
    return { status: reply.statusCode, headers: reply.headers, body: reply.body, url }
  } catch (error) {
    // What went wrong where the bytes come from is no fault of the registry's.
    throw failure ?? error
  } finally {
    upload?.destroy()
  }
}
