/** One HTTP exchange as this folder sees it: undici does them (undici-exchange.ts), others wrap them, and tests answer them. */

import type { Readable } from 'node:stream'

/** A body that is made when it is sent, once. `size` is its length in bytes, where that is known. */
export interface OpenedBody {
  readonly size?: number
  readonly open: (signal: AbortSignal) => Promise<Readable | Buffer>
}

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly url: URL
  /** With lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Buffer | OpenedBody
  readonly signal: AbortSignal
  /** Bytes that a reply with status 200 has at most: it is then read before it is given, and asked for again where it breaks off. */
  readonly limit?: number
}

export interface HttpReply {
  readonly status: number
  /** With lower-case names. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /**
   * All of it, where the request had a limit for it and the status is 200, or where it is empty; else a stream to be read to its end,
   * or destroyed: the connection is kept until then.
   */
  readonly body: Buffer | Readable
  /** Where the reply comes from, after redirects. */
  readonly url: URL
}

/** Sends a request and gives the reply's head as soon as it is there. Throws what the connection threw. */
export type Exchange = (request: HttpRequest) => Promise<HttpReply>

/** Bytes of a body that nobody wants, up to which reading it is cheaper than a new connection. */
const WORTH_READING = 64 * 1024

/** All values of a header that may come several times. */
export function headerValues({ headers }: Pick<HttpReply, 'headers'>, name: string): readonly string[] {
  const value = headers[name]
  return value === undefined ? [] : typeof value === 'string' ? [value] : value
}

export function header(reply: Pick<HttpReply, 'headers'>, name: string): string | undefined {
  return headerValues(reply, name)[0]
}

/** The whole body; undefined when it has more than `limit` bytes, the rest of which is not read. */
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

/** The body of a reply that had a limit in its request; undefined for one whose status is not 200. */
export function bodyOf({ status, body }: HttpReply): Buffer | undefined {
  return status === 200 && Buffer.isBuffer(body) ? body : undefined
}

/** Lets go of a reply that nobody reads, so that its connection can be used again. */
export async function discard(reply: HttpReply): Promise<void> {
  if (!Buffer.isBuffer(reply.body)) await readBody(reply, WORTH_READING).catch(() => undefined)
}
