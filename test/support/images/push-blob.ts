/** Pushes blobs to a registry without the client under test. */

import { digestOf } from '../../../src/oci/digest.ts'
import type { Registry } from '../registry/registry.ts'

/**
 * Pushes a blob with all permissions, and returns its path.
 * @throws Error if the registry rejects it
 */
export async function pushBlob({ request }: Pick<Registry, 'request'>, repository: string, content: string | Buffer): Promise<string> {
  const started = await request('POST', `/v2/${repository}/blobs/uploads/`)
  const { pathname, search } = new URL(started.headers.location ?? '', 'http://registry')
  const digest = digestOf(content)
  const ended = await request('PUT', `${pathname}${search}&digest=${encodeURIComponent(digest)}`, { body: content })
  if (ended.status !== 201) throw new Error(`the registry gave ${started.status} and ${ended.status} for a blob: ${ended.body.toString()}`)
  return `/v2/${repository}/blobs/${digest}`
}
