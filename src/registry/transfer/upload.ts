/** Uploads blobs, in one request if the digest is known, and retries from the start. */

import { Transform, pipeline, type Readable } from 'node:stream'
import { createHash } from 'node:crypto'
import type { Context } from '../../base/events.ts'
import type { Digest } from '../../oci/digest.ts'
import { sendChunks } from './chunks.ts'
import { isTransient, registryRefusal } from '../registry-errors.ts'
import { discard, header, type HttpReply } from '../transport/http.ts'
import type { BlobIdentity, KnownBlob, UnknownBlob } from '../registry.ts'
import type { RemotePath } from '../remote-path.ts'
import { isTransientStatus, MAX_TRIES, pauseAfter, retryAfter } from '../transport/retries.ts'
import { startUpload, cancelUpload, closingAddress, readUploadSession, type UploadSession } from './upload-session.ts'

const DONE = [200, 201, 202, 204]
/** In addition to transient statuses: an expired token, a lost session, a body that is too large for one request. */
const AGAIN = [401, 404, 408, 413, 416, 429, 500, 502, 503, 504, 522]
const TOO_MUCH = new Set([413, 416])
/** Bytes of a stream between two events. */
const REPORTED = 1024 * 1024
const TYPE = { 'content-type': 'application/octet-stream' }

/** See Repository.uploadBlob. */
export async function upload(at: RemotePath, blob: KnownBlob, context: Context): Promise<void> {
  const { digest, size } = blob.descriptor
  const task = `cannot upload ${digest} to ${at.name}`
  const put: Try<Readable | Buffer> = async (session, bytes) => {
    const body = { size, open: async () => bytes }
    const path = closingAddress(session, digest)
    const reply = await at.call({ task, method: 'PUT', path, access: 'push', headers: TYPE, body, expect: [...DONE, ...AGAIN] }, context)
    return finished(at, task, digest, reply)
  }
  const { content } = blob
  const source = content ? { open: async () => content } : blob
  await withRetries(at, task, source, context, put, () => blobExists(at, digest, context))
  context.events?.({ type: 'upload.progress', to: at.name, bytes: size })
}

/** See Repository.uploadStream. */
export async function uploadStream(at: RemotePath, source: UnknownBlob, context: Context): Promise<BlobIdentity> {
  const task = `cannot upload a layer to ${at.name}`
  let sent: BlobIdentity | undefined
  let chunked = false
  await withRetries<Readable>(at, task, source, context, async (session, stream) => {
    const meter = source.identity ? undefined : new Meter((count) => context.events?.({ type: 'upload.progress', to: at.name, bytes: count }))
    const bytes = meter ? pipeline(stream, meter, () => {}) : stream
    let last = session
    if (chunked || session.chunkMinimum > 0) last = await sendChunks(at, task, session, bytes, context)
    else {
      const body = { open: async () => bytes }
      const whole = { task, method: 'PATCH', path: session.location, access: 'push', headers: TYPE, body } as const
      const reply = await at.call({ ...whole, expect: [...DONE, ...AGAIN] }, context)
      if (TOO_MUCH.has(reply.status)) chunked = true
      if (!DONE.includes(reply.status)) return reply
      await discard(reply)
      last = readUploadSession(at, task, reply)
    }
    sent = meter ? meter.identity() : await source.identity!()
    const path = closingAddress(last, sent.digest)
    const reply = await at.call({ task, method: 'PUT', path, access: 'push', expect: [...DONE, 404] }, context)
    return finished(at, task, sent.digest, reply)
  })
  return sent!
}

/** Whether the repository has the blob. */
export async function blobExists(at: RemotePath, digest: Digest, context: Context): Promise<boolean> {
  const task = `cannot look for ${digest} in ${at.name}`
  const reply = await at.call({ task, method: 'HEAD', path: at.path(`blobs/${digest}`), expect: [200, 404] }, context)
  await discard(reply)
  return reply.status === 200
}

type Try<Bytes> = (session: UploadSession, bytes: Bytes) => Promise<HttpReply | undefined>

/**
 * Starts a session and runs `work` in it; repeats both, from the first byte, if `work` returns a reply that does not complete the upload,
 * or the connection breaks. Before a retry, `isDone` checks whether the blob exists: only the reply may have been lost.
 */
async function withRetries<Bytes extends Readable | Buffer>(
  at: RemotePath,
  task: string,
  source: { open(signal: AbortSignal): Promise<Bytes> },
  context: Context,
  work: Try<Bytes>,
  isDone?: () => Promise<boolean>,
): Promise<void> {
  const { clock } = at.host
  const signal = at.host.signalOf(context)
  let spent: Readable | undefined
  let failure: unknown
  for (let tries = 1; tries === 1 || !(await isDone?.()); tries++) {
    const session = await startUpload(at, task, context)
    let pause = pauseAfter(tries)
    let isLast = tries === MAX_TRIES
    try {
      const bytes = await source.open(signal)
      if (!Buffer.isBuffer(bytes)) {
        if (bytes === spent) throw failure
        spent = bytes
        // It may fail before it is read.
        spent.on('error', () => {})
      }
      const reply = await work(session, bytes)
      if (reply === undefined) return
      pause = retryAfter(reply, clock.now()) ?? (isTransientStatus(reply.status) ? pause : 0)
      failure = await registryRefusal(task, at.host.name, reply)
    } catch (error) {
      isLast ||= error === failure || !(error instanceof Error && isTransient(error.cause))
      failure = error
    } finally {
      spent?.destroy()
    }
    await cancelUpload(at, session, context)
    if (isLast) throw failure
    await clock.sleep(pause, signal)
  }
}

/** Returns undefined if the registry has the blob now; otherwise the reply. */
async function finished(at: RemotePath, task: string, digest: Digest, reply: HttpReply): Promise<HttpReply | undefined> {
  if (!DONE.includes(reply.status)) return reply
  await discard(reply)
  const said = header(reply, 'docker-content-digest')
  if (said?.startsWith('sha256:') && said !== digest) throw at.untrusted(task, 'the registry reports that it stored other content')
  return undefined
}

/** Hashes and counts the bytes that pass through. */
class Meter extends Transform {
  readonly #hash = createHash('sha256')
  #size = 0
  #reported = 0
  readonly #report: (bytes: number) => void

  /** @param report receives the number of bytes since the call before */
  constructor(report: (bytes: number) => void) {
    super()
    this.#report = report
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: (error: null, chunk: Buffer) => void): void {
    this.#hash.update(chunk)
    this.#size += chunk.length
    if (this.#size - this.#reported >= REPORTED) {
      this.#report(this.#size - this.#reported)
      this.#reported = this.#size
    }
    done(null, chunk)
  }

  /** Call it once, at the end. */
  identity(): BlobIdentity {
    return { digest: `sha256:${this.#hash.digest('hex')}`, size: this.#size }
  }
}
