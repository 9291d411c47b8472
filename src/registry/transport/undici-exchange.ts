/** HTTP exchanges with undici, with a limit on concurrent requests per host. */

import type { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { CnbError } from '../../base/errors.ts'
import type { EventSink } from '../../base/events.ts'
import { Limiter } from '../../base/limiter.ts'
import { beginSpan, endWith } from '../../base/spans.ts'
import type { Route } from './dispatchers.ts'
import { discard, type Exchange, type HttpReply, type HttpRequest, type OpenedBody } from './http.ts'
import type { Proxy } from './proxies.ts'
import { proxyRefusal } from './proxy-error.ts'
import { ReplyHandler } from './reply-handler.ts'

const HEADERS_TIMEOUT_MS = 60_000
/** A registry hashes and moves an upload before it confirms it. */
const UPLOAD_TIMEOUT_MS = 300_000
const BODY_TIMEOUT_MS = 60_000
const PROXY_AUTHENTICATION_REQUIRED = 407

/**
 * Sends exchanges over the route of each origin, at most `limit` per host until a reply starts, or is read. Uploads have a separate
 * limit: an upload that copies a blob waits for a download, which must not wait for the upload.
 */
export function undiciExchange(routeFor: (origin: string) => Route, limit: number, events?: EventSink): Exchange {
  const limiters = new Map<string, Limiter>()
  const limiterOf = (key: string): Limiter => {
    const limiter = limiters.get(key) ?? new Limiter(limit)
    limiters.set(key, limiter)
    return limiter
  }
  return async (request) => {
    request.signal.throwIfAborted()
    const { body, url: { origin } } = request
    if (body === undefined || Buffer.isBuffer(body)) {
      return limiterOf(`request ${origin}`).run(() => measure(request, events, () => send(request, body, routeFor(origin))))
    }
    return limiterOf(`upload ${origin}`).run(() => measure(request, events, () => upload(request, body, routeFor(origin))))
  }
}

/** Emits a span that ends with the reply's body. Its name omits the query, which may contain a token of a storage service. */
async function measure({ method, url }: HttpRequest, events: EventSink | undefined, exchange: () => Promise<HttpReply>): Promise<HttpReply> {
  const end = beginSpan(events, 'registry', `${method} ${url.origin}${url.pathname}`)
  try {
    const reply = await exchange()
    const { status, body } = reply
    if (Buffer.isBuffer(body) || !events) end({ status })
    else endWith(body, end, { status })
    return reply
  } catch (error) {
    end({ failed: error instanceof CnbError ? error.code : 'no reply' })
    throw error
  }
}

async function upload(request: HttpRequest, { size, open }: OpenedBody, route: Route): Promise<HttpReply> {
  const sized = size === undefined ? request : { ...request, headers: { ...request.headers, 'content-length': String(size) } }
  const body = await open(request.signal)
  if (Buffer.isBuffer(body)) return send(sized, body, route)
  let failure: Error | undefined
  body.on('error', (error) => (failure ??= error))
  try {
    return await send(sized, body, route)
  } catch (error) {
    // A failure of the source of the bytes is not the registry's fault.
    throw failure ?? error
  } finally {
    body.destroy()
  }
}

async function send(request: HttpRequest, body: Buffer | Readable | undefined, { dispatcher, proxy }: Route): Promise<HttpReply> {
  const { method, url, signal } = request
  // A connection is free one turn of the event loop after its reply ended: an earlier request would open another one.
  await setImmediate()
  signal.throwIfAborted()
  const handler = new ReplyHandler(request)
  const { replyWithin = body === request.body ? HEADERS_TIMEOUT_MS : UPLOAD_TIMEOUT_MS } = request
  const limits = { headersTimeout: replyWithin, bodyTimeout: BODY_TIMEOUT_MS }
  // Without `reset`, undici closes the connection after each HEAD, because some servers send a body anyway (nodejs/undici#258).
  dispatcher.dispatch({ ...addressed(request, proxy), method, body, reset: false, ...limits }, handler)
  const reply = await handler.reply
  if (!proxy || reply.status !== PROXY_AUTHENTICATION_REQUIRED) return reply
  await discard(reply)
  throw proxyRefusal(proxy, url.host, reply.status)
}

/** Returns the request target. For a proxy, the whole URL replaces the path (RFC 9112 §3.2.2). */
function addressed({ url, headers }: HttpRequest, proxy: Proxy | undefined) {
  const path = url.pathname + url.search
  if (!proxy) return { origin: url.origin, path, headers }
  const { authorization } = proxy
  const more = { host: url.host, ...(authorization === undefined ? {} : { 'proxy-authorization': authorization }) }
  return { origin: proxy.url.origin, path: url.origin + path, headers: { ...headers, ...more } }
}
