/** An index with the images that it lists on their new base (OCI image-spec, image-index.md). */

import { recordOf } from '../../formats/lenient-values.ts'
import type { StoredDocument } from '../../images/stored-image.ts'
import type { Descriptor } from '../../oci/descriptor.ts'
import type { Digest } from '../../oci/digest.ts'
import { documentOf } from './rebased-part.ts'

/** What BuildKit calls an entry that says something of another one. */
const REFERENCE_TYPE = 'vnd.docker.reference.type'

/** Whether an entry is an image that can run, and no attestation about one. */
export function isImageEntry({ platform, annotations, artifactType }: Descriptor): boolean {
  return platform?.os !== 'unknown' && annotations?.[REFERENCE_TYPE] === undefined && artifactType === undefined
}

/**
 * The index with other manifests in their places. Entries that `replace` has nothing for go; all else stays as it was written.
 * @param index that readIndex accepts
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
