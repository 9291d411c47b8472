/** The interface of HTTP exchanges; undici-exchange.ts implements it, other files wrap it. */

import type { Readable } from 'node:stream'

/** A body that is created when it is sent, once. `size` is its length in bytes, if known. */
export interface OpenedBody {
  readonly size?: number
  readonly open: (signal: AbortSignal) => Promise<Readable | Buffer>
}

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly url: URL
  /** With names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Buffer | OpenedBody
  readonly signal: AbortSignal
  /** Maximum size of a reply with status 200: the body is read before the reply is returned, and retried if the connection breaks. */
  readonly limit?: number
  /** The maximum time until the reply starts, in milliseconds; default: a minute, and five for an upload. */
  readonly replyWithin?: number
}

export interface HttpReply {
  readonly status: number
  /** With names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /**
   * The whole body if it is empty, or the request has a limit and the status is 200; otherwise a stream that must be read to its end or
   * destroyed: until then, the connection is in use.
   */
  readonly body: Buffer | Readable
  /** The final URL, after redirects. */
  readonly url: URL
}

/** Sends a request and returns the reply as soon as its head has arrived. Throws the connection's errors. */
export type Exchange = (request: HttpRequest) => Promise<HttpReply>

/** Maximum size of an unneeded body for which reading is cheaper than a new connection. */
const WORTH_READING = 64 * 1024

/** Returns all values of a repeatable header. */
export function headerValues({ headers }: Pick<HttpReply, 'headers'>, name: string): readonly string[] {
  const value = headers[name]
  return value === undefined ? [] : typeof value === 'string' ? [value] : value
}

export function header(reply: Pick<HttpReply, 'headers'>, name: string): string | undefined {
  return headerValues(reply, name)[0]
}

/** Returns the whole body; undefined if it has more than `limit` bytes, without reading the rest. */
export async function readBody({ body }: HttpReply, limit: number): Promise<Buffer | undefined> {
  if (Buffer.isBuffer(body)) return body.length > limit ? undefined : body
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body) {
    size += (chunk as Buffer).length
    if (size > limit) return undefined
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks)
}

/** Returns the body of a reply to a request with a limit; undefined if its status is not 200. */
export function bodyOf({ status, body }: HttpReply): Buffer | undefined {
  return status === 200 && Buffer.isBuffer(body) ? body : undefined
}

/** Discards a reply and frees its connection for reuse. */
export async function discard(reply: HttpReply): Promise<void> {
  if (!Buffer.isBuffer(reply.body)) await readBody(reply, WORTH_READING).catch(() => undefined)
}
