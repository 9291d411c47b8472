/** Uploads a stream in chunks, each kept in memory until the registry has stored it. */

import type { Readable } from 'node:stream'
import type { Context } from '../../base/events.ts'
import { discard, header } from '../transport/http.ts'
import type { RemotePath } from '../remote-path.ts'
import { readUploadSession, type UploadSession } from './upload-session.ts'

const CHUNK = 8 * 1024 * 1024
/** The largest chunk that is kept in memory; a registry that requires more is rejected. */
const MAX_CHUNK = 64 * 1024 * 1024

/** Uploads all of `stream`. @returns the final session @throws CnbError CNB_REGISTRY_* */
export async function sendChunks(
  at: RemotePath,
  task: string,
  begun: UploadSession,
  stream: Readable,
  context: Context,
): Promise<UploadSession> {
  const size = Math.max(begun.chunkMinimum, CHUNK)
  if (size > MAX_CHUNK) throw at.untrusted(task, `the registry requires chunks of ${size} bytes`)
  let session = begun
  let offset = 0
  for await (const chunk of chunksOf(stream, size)) {
    session = await sendChunk(at, task, session, chunk, offset, context)
    offset += chunk.length
  }
  return session
}

async function sendChunk(
  at: RemotePath,
  task: string,
  session: UploadSession,
  chunk: Buffer,
  offset: number,
  context: Context,
): Promise<UploadSession> {
  const end = offset + chunk.length - 1
  const headers = { 'content-type': 'application/octet-stream', 'content-range': `${offset}-${end}` }
  const here = { task, path: session.location, access: 'push' } as const
  const reply = await at.call({ ...here, method: 'PATCH', headers, body: chunk, expect: [202, 204, 416] }, context)
  await discard(reply)
  if (reply.status !== 416) return readUploadSession(at, task, reply)
  // The reply to an earlier attempt was lost: the registry may have this chunk already.
  const state = await at.call({ ...here, method: 'GET', expect: [202, 204] }, context)
  await discard(state)
  if (header(state, 'range') !== `0-${end}`) throw at.untrusted(task, 'the registry lost a part of the upload')
  return header(state, 'location') === undefined ? session : readUploadSession(at, task, state)
}

async function* chunksOf(stream: Readable, size: number): AsyncGenerator<Buffer> {
  let parts: Buffer[] = []
  let length = 0
  for await (const part of stream) {
    let rest = part as Buffer
    while (length + rest.length >= size) {
      const taken = rest.subarray(0, size - length)
      yield Buffer.concat([...parts, taken])
      rest = rest.subarray(taken.length)
      parts = []
      length = 0
    }
    if (rest.length > 0) parts.push(rest)
    length += rest.length
  }
  if (length > 0) yield Buffer.concat(parts)
}
