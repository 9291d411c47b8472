/** Pushes a manifest list: first its images that the repository lacks, then the index. */

import { Limiter } from '../../base/limiter.ts'
import type { Context } from '../../base/events.ts'
import { publishIndex } from '../../images/index/publish-index.ts'
import { directoryFiles } from '../../images/oci-layout/layout-files.ts'
import { isLayoutLocation, parseLayoutLocation } from '../../images/oci-layout/layout-location.ts'
import { layoutContent } from '../../images/oci-layout/layout-source.ts'
import { repositoryContent } from '../../images/remote/registry-source.ts'
import { RepositoryBlobs } from '../../images/remote/repository-blobs.ts'
import type { ImageContent } from '../../images/stored-image.ts'
import type { Descriptor } from '../../oci/descriptor.ts'
import { readManifest } from '../../oci/manifest.ts'
import type { Tag } from '../../oci/reference.ts'
import type { Registries } from '../../registry/registry.ts'
import type { SavedImage } from '../../images/image.ts'

/** Concurrent blobs. */
const AT_ONCE = 6

export interface ListToPush {
  readonly entries: readonly Descriptor[]
  readonly mediaType: string
  /** The repository, or `oci:DIR`, of each image by digest. */
  readonly sources: Readonly<Record<string, string>>
}

/** Pushes the list under the tag. Blobs of images in the same registry are mounted. @throws CnbError those of publishIndex */
export async function pushList(registries: Registries, { entries, mediaType, sources }: ListToPush, tag: Tag, context: Context): Promise<SavedImage> {
  const target = registries.repository(tag, 'push')
  const blobs = new RepositoryBlobs(registries)
  for (const { digest } of entries) {
    const source = sources[digest]
    if (source === undefined || (await target.resolve(digest, context))) continue
    const content = contentOf(source, registries)
    const manifest = await content.manifest(digest, context)
    // publishIndex reports it.
    if (!manifest) continue
    const { config, layers } = readManifest(manifest.content, `${content.name}@${digest}`)
    const limit = new Limiter(AT_ONCE)
    await Promise.all([config, ...layers].map((descriptor) => limit.run(() =>
      blobs.bring({ descriptor, ...(content.repository === undefined ? {} : { repository: content.repository }), open: (signal) => content.blob(descriptor, signal ? { signal } : {}) }, tag, context))))
    await target.putManifest(digest, { mediaType: manifest.descriptor.mediaType, content: manifest.content }, context)
  }
  return publishIndex(registries, { images: entries, tags: [tag], mediaType }, context)
}

function contentOf(source: string, registries: Registries): ImageContent {
  if (isLayoutLocation(source)) return layoutContent(directoryFiles(parseLayoutLocation(source).directory))
  return repositoryContent(registries.repository(source, 'pull'), source)
}
