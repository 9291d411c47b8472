/** Downloads a blob as a stream that resumes after lost connections and verifies its content. */

import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { abortError, type CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { digestOf, type Digest } from '../../oci/digest.ts'
import { isTransient, registryError } from '../registry-errors.ts'
import { bodyOf, header, type HttpReply } from '../transport/http.ts'
import type { RemotePath } from '../remote-path.ts'
import { MAX_TRIES, pauseAfter } from '../transport/retries.ts'

/** The bytes that a connection must deliver to count as progress; otherwise a connection that always breaks would be retried forever. */
const PROGRESS = 4 * 1024 * 1024
const BUFFER = 1024 * 1024
/** The size of a configuration: smaller blobs are read and retried as a whole, at half the cost of a stream. */
const SMALL = 64 * 1024

export interface WantedBlob {
  readonly digest: Digest
  /** Bytes. */
  readonly size?: number
}

/** See Repository.blob. */
export async function download(at: RemotePath, blob: WantedBlob, context: Context): Promise<Readable> {
  if (blob.size !== undefined && blob.size <= SMALL) return readSmall(at, blob, blob.size, context)
  const stop = new AbortController()
  const signal = AbortSignal.any([at.host.signalOf(context), stop.signal])
  const part: BlobRange = { at, blob, task: `cannot read the blob ${at.nameOf(blob.digest)}`, context: { ...context, signal } }
  const first = await request(part, 0)
  const stream = new BlobStream(pieces(part, first), stop)
  signal.addEventListener('abort', () => stream.destroy(abortError(signal)))
  return stream
}

async function readSmall(at: RemotePath, { digest }: WantedBlob, size: number, context: Context): Promise<Readable> {
  const task = `cannot read the blob ${at.nameOf(digest)}`
  const reply = await at.call({ task, method: 'GET', path: at.path(`blobs/${digest}`), limit: size, expect: [200] }, context)
  const content = bodyOf(reply) ?? Buffer.alloc(0)
  const found = digestOf(content)
  if (found !== digest) throw at.untrusted(task, `the content has digest ${found}`)
  return Readable.from(content, { objectMode: false })
}

/** Unlike Readable.from, it can be destroyed while it waits for data. */
class BlobStream extends Readable {
  readonly #pieces: AsyncGenerator<Buffer, void>
  readonly #stop: AbortController

  constructor(from: AsyncGenerator<Buffer, void>, stop: AbortController) {
    super({ highWaterMark: BUFFER })
    this.#pieces = from
    this.#stop = stop
  }

  override _read(): void {
    this.#pieces.next().then(
      ({ done, value }) => this.push(done ? null : value),
      (error: Error) => this.destroy(error),
    )
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#stop.abort()
    void this.#pieces.return().finally(() => callback(error))
  }
}

interface BlobRange {
  readonly at: RemotePath
  readonly blob: WantedBlob
  readonly task: string
  readonly context: Context & { signal: AbortSignal }
}

/** Returns a reply with the blob from `offset` on; or all of it, if the registry does not support ranges. */
function request({ at, blob, task, context }: BlobRange, offset: number): Promise<HttpReply> {
  const headers = offset > 0 ? { range: `bytes=${offset}-` } : undefined
  return at.call({ task, method: 'GET', path: at.path(`blobs/${blob.digest}`), headers, expect: offset > 0 ? [200, 206] : [200] }, context)
}

async function* pieces(part: BlobRange, first: HttpReply): AsyncGenerator<Buffer, void> {
  const { at, blob, task, context } = part
  const hash = createHash('sha256')
  let offset = 0
  let reply = first
  for (let tries = 1, start = 0; ; tries++) {
    let broken: unknown
    try {
      for await (const chunk of from(reply, offset, part)) {
        offset += chunk.length
        if (blob.size !== undefined && offset > blob.size) throw wrong(part, `it is larger than ${blob.size} bytes`)
        hash.update(chunk)
        yield chunk
      }
    } catch (error) {
      if (!isTransient(error) || context.signal.aborted) throw registryError(error, task, at.host.name, context.signal)
      broken = error
    }
    // If all bytes have arrived, the way the connection ended does not matter.
    if (blob.size === undefined ? broken === undefined : offset >= blob.size) break
    if (offset - start >= PROGRESS) tries = 1
    if (tries >= MAX_TRIES) {
      if (broken !== undefined) throw registryError(broken, task, at.host.name)
      throw wrong(part, `it ends after ${offset} of ${blob.size} bytes`)
    }
    start = offset
    await at.host.clock.sleep(pauseAfter(tries), context.signal)
    reply = await request(part, offset)
  }
  const found: Digest = `sha256:${hash.digest('hex')}`
  if (found !== blob.digest) throw wrong(part, `the content has digest ${found}`)
}

/** Yields the reply's bytes from `offset` of the blob on. */
async function* from(reply: HttpReply, offset: number, part: BlobRange): AsyncGenerator<Buffer> {
  let skip = offset
  if (reply.status === 206) {
    const start = /^bytes (\d+)-/.exec(header(reply, 'content-range') ?? '')?.[1]
    if (Number(start) !== offset) throw wrong(part, 'the registry returned another range than requested')
    skip = 0
  }
  for await (const piece of Buffer.isBuffer(reply.body) ? [reply.body] : reply.body) {
    const chunk = piece as Buffer
    if (skip < chunk.length) yield chunk.subarray(skip)
    skip = Math.max(skip - chunk.length, 0)
  }
}

function wrong({ at, task }: BlobRange, why: string): CnbError {
  return at.untrusted(task, why)
}
