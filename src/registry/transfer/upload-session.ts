/** Starts, continues and cancels a registry's upload sessions (distribution-spec, "Pushing blobs"). */

import { timeLimit } from '../../base/clock.ts'
import type { Context } from '../../base/events.ts'
import type { Digest } from '../../oci/digest.ts'
import { registryError } from '../registry-errors.ts'
import { discard, header, type HttpReply } from '../transport/http.ts'
import type { RemotePath } from '../remote-path.ts'
import { targetOf } from '../transport/untrusted-address.ts'

const CANCEL_MS = 3000

export interface UploadSession {
  /** The address for the next request. Its query may contain credentials, so messages must not show it. */
  readonly location: URL
  /** The minimum chunk size in bytes, except for the last chunk; 0 if the registry declares none. */
  readonly chunkMinimum: number
}

/** Starts an upload. `task` is its purpose, for messages. */
export async function startUpload(at: RemotePath, task: string, context: Context): Promise<UploadSession> {
  // Google's registry replies with 411 to a POST without a content length; undici sends one.
  const reply = await at.call({ task, method: 'POST', path: at.path('blobs/uploads/'), access: 'push', expect: [202] }, context)
  await discard(reply)
  return readUploadSession(at, task, reply)
}

/** Reads the session from a reply. @throws CnbError CNB_REGISTRY_FAILED for an unacceptable address */
export function readUploadSession(at: RemotePath, task: string, reply: HttpReply): UploadSession {
  const location = header(reply, 'location')
  if (location === undefined) throw at.untrusted(task, 'the registry returned no upload address')
  const minimum = Number(header(reply, 'oci-chunk-min-length') ?? 0)
  try {
    const target = targetOf(location, reply.url, "the registry's upload address")
    return { location: target, chunkMinimum: Number.isSafeInteger(minimum) ? minimum : 0 }
  } catch (error) {
    throw registryError(error, task, at.host.name)
  }
}

/** Returns the address that completes a session as blob `digest`. */
export function closingAddress({ location }: UploadSession, digest: Digest): URL {
  const url = new URL(location)
  // Appended as text: a parser would re-encode the registry's own query.
  url.search += `${url.search === '' ? '?' : '&'}digest=${encodeURIComponent(digest)}`
  return url
}

/**
 * Cancels a session, even after an abort. The registry discards it after a while anyway: a failure or a slow reply does not matter.
 */
export async function cancelUpload(at: RemotePath, { location }: UploadSession, { events }: Context): Promise<void> {
  const call = { task: 'cannot cancel an upload', method: 'DELETE', path: location, access: 'push', expect: [200, 202, 204] } as const
  await at.call(call, { events, signal: timeLimit(CANCEL_MS) }).then(discard, () => {})
}

/** See Repository.checkPush. */
export async function checkPush(at: RemotePath, context: Context): Promise<void> {
  const session = await startUpload(at, `cannot write to ${at.name}`, context)
  // Not awaited, because the answer is known.
  void cancelUpload(at, session, context)
}
