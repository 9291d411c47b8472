/** Faults of a registry or of the connection to it, for the rules of startFaultProxy. */

import type { OutgoingHttpHeaders } from 'node:http'
import { Readable } from 'node:stream'
import type { Change, Ending, Fault } from './fault-proxy.ts'

/** Replies in place of the registry: `answer(429, { 'retry-after': '1' })`, `answer(503)`. The request's body is not read. */
export function answer(status: number, headers: OutgoingHttpHeaders = {}, body: string | Buffer = ''): Fault {
  return ({ reply }) => reply(status, { 'content-length': Buffer.byteLength(body), ...headers }, Readable.from([Buffer.from(body)]))
}

/** Sends the client to the same path at another origin. */
export function redirect(origin: string, status = 307): Fault {
  return (exchange) => answer(status, { location: `${origin}${exchange.request.url}` })(exchange)
}

/** Cuts the connection after the given number of bytes of the request's body, which reach the registry. */
export function cutUpload(bytes: number): Fault {
  return async ({ forward }) => {
    await forward(async function* (body) {
      yield* first(bytes, body)
      throw new Error('cut on purpose')
    })
  }
}

/** Cuts the connection after the given number of bytes of the reply's body, which reach the client. */
export function cutDownload(bytes: number): Fault {
  return changeReply((body) => first(bytes, body), 'cut')
}

/** Sends the given number of bytes of the reply's body and then stalls until the client closes the connection. */
export function stall(bytes: number): Fault {
  return changeReply((body) => first(bytes, body), 'stall')
}

/** Neither reads the request's body nor replies. */
export function silence(): Fault {
  return () => {}
}

/** Sends an endless reply without a length, as fast as the client reads it. */
export function endless(headers: OutgoingHttpHeaders = {}): Fault {
  const chunk = Buffer.alloc(64 * 1024, ' ')
  return ({ reply }) => reply(200, headers, new Readable({ read() { this.push(chunk) } }))
}

/** Flips the last bit of the request's body. */
export function corruptUpload(): Fault {
  return async ({ forward, reply }) => {
    const found = await forward(flipLastBit)
    await reply(found.statusCode ?? 502, found.headers, found)
  }
}

/** Flips the last bit of the reply's body; length and headers stay the same. */
export function corruptDownload(): Fault {
  return changeReply(flipLastBit, 'end')
}

/** Declares a body length that is `by` bytes too large, or too small if negative. The connection ends with the body. */
export function lieAboutLength(by: number): Fault {
  return async ({ forward, reply }) => {
    const found = await forward()
    const length = Number(found.headers['content-length'])
    await reply(found.statusCode ?? 502, { ...found.headers, 'content-length': length + by }, found, 'cut')
  }
}

/** Resets the connection before a reply. */
export function reset(): Fault {
  return (exchange) => exchange.reset()
}

function changeReply(change: Change, then: Ending): Fault {
  return async ({ forward, reply }) => {
    const found = await forward()
    await reply(found.statusCode ?? 502, found.headers, change(found), then)
  }
}

async function* first(bytes: number, body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let left = bytes
  for await (const chunk of body) {
    yield chunk.subarray(0, left)
    left -= chunk.length
    if (left <= 0) return
  }
}

async function* flipLastBit(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let last: Buffer = Buffer.alloc(0)
  for await (const chunk of body) {
    if (last.length > 0) yield last
    last = chunk
  }
  if (last.length > 0) yield Buffer.concat([last.subarray(0, -1), Buffer.of(last[last.length - 1]! ^ 1)])
}
