/** Rewriting of an index with the manifests of rebased images (OCI image-spec, image-index.md). */

import { recordOf } from '../../formats/lenient-values.ts'
import type { StoredDocument } from '../../images/stored-image.ts'
import type { Descriptor } from '../../oci/descriptor.ts'
import type { Digest } from '../../oci/digest.ts'
import { documentOf } from './rebased-part.ts'

/**
 * Returns the index with replaced entries. Drops entries that `replace` does not contain, and keeps all other fields unchanged.
 * @param index an index that readIndex accepts
 */
export function rewriteIndex(index: StoredDocument, replace: ReadonlyMap<Digest, Descriptor>): StoredDocument {
  const document = recordOf(JSON.parse(index.content.toString()))
  const entries = (document.manifests as Record<string, unknown>[]).flatMap((entry) => {
    const replacement = replace.get(entry.digest as Digest)
    if (!replacement) return []
    const { mediaType, digest, size } = replacement
    return [{ ...entry, mediaType, digest, size }]
  })
  return documentOf(index.descriptor.mediaType, Buffer.from(JSON.stringify({ ...document, manifests: entries })))
}
