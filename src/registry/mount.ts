/** Taking over a blob of another repository of the same registry (distribution-spec, "Mounting a blob from another repository"). */

import type { Context } from '../base/events.ts'
import type { Digest } from '../oci/digest.ts'
import { refusalStatus } from './errors.ts'
import { discard, type HttpReply } from './http.ts'
import type { RemotePath } from './remote-path.ts'
import { cancel, sessionOf } from './upload-session.ts'

/** What registries answer where one may not read `from`, or they do not mount: an upload may work nevertheless. */
const CANNOT_MOUNT = new Set([400, 401, 403, 404, 405])

/** As Repository.mountBlob. */
export async function mount(at: RemotePath, digest: Digest, from: string, context: Context): Promise<boolean> {
  const task = `cannot mount ${digest} of ${from} in ${at.name}`
  const path = at.path(`blobs/uploads/?mount=${encodeURIComponent(digest)}&from=${encodeURIComponent(from)}`)
  const scopes = [`repository:${from}:pull`]
  let reply: HttpReply
  try {
    reply = await at.call({ task, method: 'POST', path, access: 'push', scopes, expect: [201, 202] }, context)
  } catch (error) {
    if (CANNOT_MOUNT.has(refusalStatus(error) ?? 0)) return false
    throw error
  }
  await discard(reply)
  if (reply.status === 201) return true
  await cancel(at, sessionOf(at, task, reply), context)
  return false
}
