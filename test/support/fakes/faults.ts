/** What a registry, or the way to it, can do to a client. Each is a Fault for a rule of startFaultProxy. */

import type { OutgoingHttpHeaders } from 'node:http'
import { Readable } from 'node:stream'
import type { Change, Ending, Fault } from './fault-proxy.ts'

/** A reply that the registry did not give: `answer(429, { 'retry-after': '1' })`, `answer(503)`. The request's body is not read. */
export function answer(status: number, headers: OutgoingHttpHeaders = {}, body: string | Buffer = ''): Fault {
  return ({ reply }) => reply(status, { 'content-length': Buffer.byteLength(body), ...headers }, Readable.from([Buffer.from(body)]))
}

/** Sends the client to the same path at another origin. */
export function redirect(origin: string, status = 307): Fault {
  return (exchange) => answer(status, { location: `${origin}${exchange.request.url}` })(exchange)
}

/** Cuts the connection after so many bytes of the request's body. The registry got no more than them. */
export function cutUpload(bytes: number): Fault {
  return async ({ forward }) => {
    await forward(async function* (body) {
      yield* first(bytes, body)
      throw new Error('cut on purpose')
    })
  }
}

/** Cuts the connection after so many bytes of the reply's body, which the client gets. */
export function cutDownload(bytes: number): Fault {
  return changeReply((body) => first(bytes, body), 'cut')
}

/** Sends so many bytes of the reply's body and then nothing more; the connection stays until the client goes. */
export function stall(bytes: number): Fault {
  return changeReply((body) => first(bytes, body), 'stall')
}

/** Neither reads the request's body nor ever answers. */
export function silence(): Fault {
  return () => {}
}

/** A reply of no known length that never ends, as fast as the client reads it. */
export function endless(headers: OutgoingHttpHeaders = {}): Fault {
  const chunk = Buffer.alloc(64 * 1024, ' ')
  return ({ reply }) => reply(200, headers, new Readable({ read() { this.push(chunk) } }))
}

/** The request arrives with the last bit of its body flipped. */
export function corruptUpload(): Fault {
  return async ({ forward, reply }) => {
    const found = await forward(flipLastBit)
    await reply(found.statusCode ?? 502, found.headers, found)
  }
}

/** The reply arrives with the last bit of its body flipped; its length and all its headers are as they were. */
export function corruptDownload(): Fault {
  return changeReply(flipLastBit, 'end')
}

/** Says that the body is `by` bytes longer than it is, or shorter where that is negative. The connection ends with the body. */
export function lieAboutLength(by: number): Fault {
  return async ({ forward, reply }) => {
    const found = await forward()
    const length = Number(found.headers['content-length'])
    await reply(found.statusCode ?? 502, { ...found.headers, 'content-length': length + by }, found, 'cut')
  }
}

/** Resets the connection before anything is answered. */
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
