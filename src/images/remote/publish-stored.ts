/** Publishes manifests unchanged, with blobs that registries have: mounts or copies them. */

import type { Context } from '../../base/events.ts'
import { Limiter } from '../../base/limiter.ts'
import type { Descriptor } from '../../oci/descriptor.ts'
import { digestOf, type Digest } from '../../oci/digest.ts'
import { encodeIndex } from '../../oci/image-index.ts'
import { isIndex, readManifest } from '../../oci/manifest.ts'
import { isDistributable, OCI_INDEX } from '../../oci/media-types.ts'
import type { Tag } from '../../oci/reference.ts'
import type { NewManifest, Registries, Repository } from '../../registry/registry.ts'
import type { LayerBlob } from '../image.ts'
import type { StoredImage } from '../stored-image.ts'
import { publish } from './publish.ts'
import { RepositoryBlobs } from './repository-blobs.ts'

/** Concurrent mounts and copies. */
const AT_ONCE = 6

export interface StoredPublication {
  readonly digest: Digest
  /** Called if the repository lacks the manifest. Blobs without a repository are probably new. */
  readonly open: () => Promise<{ readonly manifest: NewManifest; readonly blobs: readonly LayerBlob[] }>
}

/** An image of an index. */
export interface IndexedPublication extends StoredPublication {
  readonly entry: Descriptor
}

/**
 * Publishes a manifest under a tag, or in the tag's repository without a name. Writes nothing if it is there already.
 * @throws CnbError CNB_REGISTRY_*, and errors of `open`
 */
export async function publishStored(registries: Registries, tag: Tag, { digest, open }: StoredPublication, context: Context, byDigest = false): Promise<void> {
  const repository = registries.repository(tag, 'push')
  const found = await repository.resolve(byDigest ? digest : tag.tag, context)
  if (found?.digest === digest) return
  const { manifest, blobs } = await open()
  const held = found ? await layersOf(repository, found, context) : new Set<Digest>()
  const sent = new RepositoryBlobs(registries)
  const limit = new Limiter(AT_ONCE)
  const send = async (trusting: boolean): Promise<NewManifest> => {
    await Promise.all(blobs.map((blob) => limit.run(async () => {
      if (trusting && held.has(blob.descriptor.digest)) return
      await sent[blob.repository === undefined ? 'send' : 'bring'](blob, tag, context, trusting)
    })))
    return manifest
  }
  await publish(registries, { tags: [tag], byDigest, send }, context)
}

/** The layers of the image that is replaced: they need not be mounted again. */
async function layersOf(repository: Repository, { digest }: Descriptor, context: Context): Promise<ReadonlySet<Digest>> {
  const previous = await repository.manifest(digest, context)
  if (!previous || isIndex(previous.descriptor.mediaType, previous.content, repository.name)) return new Set()
  return new Set(readManifest(previous.content, repository.name).layers.map((layer) => layer.digest))
}

/** Publishes an index, and first its images without names. Writes nothing if the index is there already. */
export async function publishStoredIndex(registries: Registries, tag: Tag, images: readonly IndexedPublication[], context: Context): Promise<void> {
  const { content, digest } = indexOf(images)
  const open = async (): ReturnType<StoredPublication['open']> => {
    for (const image of images) await publishStored(registries, tag, image, context, true)
    return { manifest: { mediaType: OCI_INDEX, content }, blobs: [] }
  }
  await publishStored(registries, tag, { digest, open }, context)
}

/** Returns the index of images. */
export function indexOf(images: readonly IndexedPublication[]): { readonly content: Buffer; readonly digest: Digest } {
  const content = encodeIndex({ manifests: images.map(({ entry }) => entry) })
  return { content, digest: digestOf(content) }
}

/** Returns a manifest and blobs for a copy of an image with the same digest. @param config its configuration's blob */
export function copyOf({ manifest, layers }: StoredImage, config: LayerBlob): { manifest: NewManifest; blobs: LayerBlob[] } {
  const blobs = layers.flatMap(({ blob }) => (blob && isDistributable(blob.descriptor.mediaType) ? [blob] : []))
  return { manifest: { mediaType: manifest.descriptor.mediaType, content: manifest.content }, blobs: [...blobs, config] }
}
