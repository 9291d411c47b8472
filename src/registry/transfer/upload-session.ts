/** A registry's upload sessions (distribution-spec, "Pushing blobs"): begun, gone on with, given up. */

import type { Context } from '../../base/events.ts'
import type { Digest } from '../../oci/digest.ts'
import { registryError } from '../errors.ts'
import { discard, header, type HttpReply } from '../transport/http.ts'
import type { RemotePath } from '../remote-path.ts'
import { targetOf } from '../transport/target.ts'

const CANCEL_MS = 3000

export interface UploadSession {
  /** Where it goes on; its query belongs to it, and may be as good as a password. */
  readonly location: URL
  /** Bytes that a chunk must have, unless it is the last; 0 where the registry does not say. */
  readonly chunkMinimum: number
}

/** Begins an upload. `task` is what for, in messages. */
export async function begin(at: RemotePath, task: string, context: Context): Promise<UploadSession> {
  // Google's registry answers 411 to a POST that does not say that its body is empty; undici says so.
  const reply = await at.call({ task, method: 'POST', path: at.path('blobs/uploads/'), access: 'push', expect: [202] }, context)
  await discard(reply)
  return sessionOf(at, task, reply)
}

/** The session as a reply tells it. @throws CnbError CNB_REGISTRY_FAILED for an address that nothing should be sent to */
export function sessionOf(at: RemotePath, task: string, reply: HttpReply): UploadSession {
  const location = header(reply, 'location')
  if (location === undefined) throw at.untrusted(task, 'the registry does not say where to upload to')
  const minimum = Number(header(reply, 'oci-chunk-min-length') ?? 0)
  try {
    const target = targetOf(location, reply.url, "the registry's upload address")
    return { location: target, chunkMinimum: Number.isSafeInteger(minimum) ? minimum : 0 }
  } catch (error) {
    throw registryError(error, task, at.host.name)
  }
}

/** Where the bytes of a session become the blob `digest`. */
export function closingAddress({ location }: UploadSession, digest: Digest): URL {
  const url = new URL(location)
  // Appended as text: a parser would write the rest of the query, which is the registry's, in another way.
  url.search += `${url.search === '' ? '?' : '&'}digest=${encodeURIComponent(digest)}`
  return url
}

/**
 * Gives a session up, also after an abort. The registry forgets it by itself after a while, so that a failure to say so, or
 * a registry that takes its time over it, does not matter.
 */
export async function cancel(at: RemotePath, { location }: UploadSession, { events }: Context): Promise<void> {
  const call = { task: 'cannot cancel an upload', method: 'DELETE', path: location, access: 'push', expect: [200, 202, 204] } as const
  await at.call(call, { events, signal: AbortSignal.timeout(CANCEL_MS) }).then(discard, () => {})
}

/** As Repository.checkPush. */
export async function checkPush(at: RemotePath, context: Context): Promise<void> {
  await cancel(at, await begin(at, `cannot write to ${at.name}`, context), context)
}
