/** Images as registries and layouts store them: an index, maybe, a manifest, a configuration, and layers that may be compressed. */

import type { Readable } from 'node:stream'
import { CnbError } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import { MAX_CONFIG_BYTES } from '../oci/config.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import type { Digest } from '../oci/digest.ts'
import { isIndex, readIndex, readManifest } from '../oci/manifest.ts'
import { ociLayerType } from '../oci/media-types.ts'
import { formatPlatform, type Platform, platformMatches } from '../oci/platform.ts'
import { readImageConfig } from '../oci/read-config.ts'
import type { Image, Layer, LayerBlob } from './image.ts'
import { plainLayer } from './layers/plain-layer.ts'

/** Where documents and blobs come from, true to their digests: one repository, or one layout. */
export interface ImageContent {
  /** What errors call it. */
  readonly name: string
  /** A registry's repository, to which layers can be told to belong. */
  readonly repository?: string
  /** The manifest or index of a tag or digest; undefined when it is not there. */
  manifest(reference: string, context?: Context): Promise<StoredDocument | undefined>
  blob(descriptor: Descriptor, context?: Context): Promise<Readable>
}

export interface StoredDocument {
  readonly descriptor: Descriptor
  readonly content: Buffer
}

/** A stored image, with what its store alone has of it. */
export interface StoredImage extends Image {
  readonly manifest: StoredDocument
  /** The index that lists the image, where it was found by way of one. */
  readonly index?: StoredDocument
}

/** How an image is called once it is found, by the digest of what its name stands for. */
export type NameStored = (digest: Digest) => Pick<Image, 'reference' | 'id' | 'repoDigests'>

/**
 * Reads the image of a tag or digest, out of an index the one for `platform`. Undefined when it is not there.
 * @throws CnbError CNB_IMAGE_INVALID, CNB_PLATFORM_MISMATCH where an index has none for the platform, and what the store throws
 */
export async function readStoredImage(
  content: ImageContent,
  reference: string,
  nameStored: NameStored,
  platform: Platform,
  context: Context = {},
): Promise<StoredImage | undefined> {
  const document = await content.manifest(reference, context)
  if (!document) return undefined
  const name = `${content.name}@${document.descriptor.digest}`
  if (!isIndex(document.descriptor.mediaType, document.content, name)) return readImage(content, document, nameStored, context)
  const wanted = choose(readIndex(document.content, name), platform, name)
  const manifest = await content.manifest(wanted.digest, context)
  if (!manifest) throw new CnbError('CNB_IMAGE_INVALID', `the index ${name} lists ${wanted.digest}, which is not there`)
  if (isIndex(manifest.descriptor.mediaType, manifest.content, name)) {
    throw new CnbError('CNB_IMAGE_INVALID', `the index ${name} lists another index, ${wanted.digest}, where an image should be`)
  }
  return { ...(await readImage(content, manifest, nameStored, context)), index: document }
}

/** The first that fits. A platform that says `unknown` is an attestation's. */
function choose(manifests: readonly Descriptor[], platform: Platform, name: string): Descriptor {
  const found = manifests.find((manifest) => manifest.platform && platformMatches(manifest.platform, platform))
  if (found) return found
  const known = manifests.flatMap((manifest) => (manifest.platform && manifest.platform.os !== 'unknown' ? formatPlatform(manifest.platform) : []))
  throw new CnbError('CNB_PLATFORM_MISMATCH', `the index ${name} has no image for ${formatPlatform(platform)}`, {
    hint: known.length > 0 ? `It has images for ${known.join(', ')}. A command that reads one takes --platform.` : 'Use an image for that platform.',
  })
}

/** Reads the image of one manifest. */
export async function readImage(content: ImageContent, manifest: StoredDocument, nameStored: NameStored, context: Context = {}): Promise<StoredImage> {
  const { digest } = manifest.descriptor
  const name = `${content.name}@${digest}`
  const { config: descriptor, layers } = readManifest(manifest.content, name)
  const config = readImageConfig(await readBlob(content, descriptor, name, context), name)
  const diffIds = config.rootfs.diff_ids
  if (diffIds.length !== layers.length) {
    throw new CnbError('CNB_IMAGE_INVALID', `image ${name} has ${layers.length} layers, but its configuration names ${diffIds.length}`)
  }
  const { os, architecture, variant } = config
  return {
    ...nameStored(digest),
    manifest,
    platform: { os, architecture, variant: variant || undefined },
    config,
    labels: config.config.Labels ?? {},
    layers: layers.map((layer, index) => new StoredLayer(content, diffIds[index]!, layer)),
  }
}

async function readBlob(content: ImageContent, descriptor: Descriptor, name: string, context: Context): Promise<Buffer> {
  if (descriptor.size > MAX_CONFIG_BYTES) {
    throw new CnbError('CNB_IMAGE_INVALID', `the configuration of ${name} has ${descriptor.size} bytes; ${MAX_CONFIG_BYTES} are the most`)
  }
  const chunks: Buffer[] = []
  for await (const chunk of await content.blob(descriptor, context)) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

class StoredLayer implements Layer {
  readonly diffId: Digest
  readonly blob: LayerBlob

  constructor(content: ImageContent, diffId: Digest, descriptor: Descriptor) {
    this.diffId = diffId
    this.blob = {
      descriptor: { ...descriptor, mediaType: ociLayerType(descriptor.mediaType) ?? descriptor.mediaType },
      ...(content.repository === undefined ? {} : { repository: content.repository }),
      open: (signal) => content.blob(descriptor, signal ? { signal } : {}),
    }
  }

  async open(signal?: AbortSignal): Promise<Readable> {
    const { descriptor } = this.blob
    return plainLayer(await this.blob.open(signal), descriptor.digest, this.diffId, (found) =>
      new CnbError('CNB_IMAGE_INVALID', `blob ${descriptor.digest} should hold layer ${this.diffId}, but holds ${found}`),
    )
  }
}
