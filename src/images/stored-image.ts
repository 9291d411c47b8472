/** Reads images from registries and layouts: index, manifest, configuration and layers. */

import type { Readable } from 'node:stream'
import { counted } from '../base/counted.ts'
import { CnbError } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import { MAX_CONFIG_BYTES } from '../oci/config.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import type { Digest } from '../oci/digest.ts'
import { isIndex, readManifest } from '../oci/manifest.ts'
import { ociLayerType } from '../oci/media-types.ts'
import type { Platform } from '../oci/platform.ts'
import { readImageConfig } from '../oci/read-config.ts'
import type { Image, LayerBlob } from './image.ts'
import { chooseImage } from './index/choose-image.ts'
import { blobLayer } from './layers/plain-layer.ts'

/** The content of one repository or layout. Implementations verify digests. */
export interface ImageContent {
  /** The name for errors. */
  readonly name: string
  /** The registry's repository, recorded in the blobs of layers; undefined for a layout. */
  readonly repository?: string
  /** Reads the manifest or index of a tag or digest. Returns undefined if it does not exist. */
  manifest(reference: string, context?: Context): Promise<StoredDocument | undefined>
  /** Finds the document of a tag without reading it. Undefined for content that has no tags to resolve. */
  resolve?(reference: string, context?: Context): Promise<Descriptor | undefined>
  blob(descriptor: Descriptor, context?: Context): Promise<Readable>
  /** Downloads a blob to a cache. Undefined without a cache. */
  fetch?(descriptor: Descriptor, context?: Context): Promise<void>
}

export interface StoredDocument {
  readonly descriptor: Descriptor
  readonly content: Buffer
}

/** An image with its stored documents. */
export interface StoredImage extends Image {
  readonly manifest: StoredDocument
  /** The index that lists the image, if it was found through one. */
  readonly index?: StoredDocument
}

/** Returns the names of an image by the digest of its manifest. */
export type NameStored = (digest: Digest) => Pick<Image, 'reference' | 'id' | 'repoDigests'>

/**
 * Reads the image of a tag or digest; from an index, the image for `platform`. Returns undefined if it does not exist.
 * @throws CnbError CNB_IMAGE_INVALID, CNB_PLATFORM_MISMATCH if an index has no image for the platform, and errors of the store
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
  const manifest = await chooseImage(document, (digest) => content.manifest(digest, context), platform, name)
  return { ...(await readImage(content, manifest, nameStored, context)), index: document }
}

/** Reads the image of one manifest. */
export async function readImage(content: ImageContent, manifest: StoredDocument, nameStored: NameStored, context: Context = {}): Promise<StoredImage> {
  const { digest } = manifest.descriptor
  const name = `${content.name}@${digest}`
  const { config: descriptor, layers } = readManifest(manifest.content, name)
  const config = readImageConfig(await readBlob(content, descriptor, name, context), name)
  const diffIds = config.rootfs.diff_ids
  if (diffIds.length !== layers.length) {
    throw new CnbError('CNB_IMAGE_INVALID', `image ${name} has ${counted(layers.length, 'layer')}, but its configuration lists ${diffIds.length}`)
  }
  const { os, architecture, variant } = config
  return {
    ...nameStored(digest),
    manifest,
    platform: { os, architecture, variant: variant || undefined },
    config,
    labels: config.config.Labels ?? {},
    layers: layers.map((layer, index) => blobLayer(diffIds[index]!, blobOf(content, layer))),
  }
}

async function readBlob(content: ImageContent, descriptor: Descriptor, name: string, context: Context): Promise<Buffer> {
  if (descriptor.size > MAX_CONFIG_BYTES) {
    throw new CnbError('CNB_IMAGE_INVALID', `the configuration of ${name} has ${descriptor.size} bytes; the limit is ${MAX_CONFIG_BYTES}`)
  }
  const chunks: Buffer[] = []
  for await (const chunk of await content.blob(descriptor, context)) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

function blobOf(content: ImageContent, descriptor: Descriptor): LayerBlob {
  return {
    descriptor: { ...descriptor, mediaType: ociLayerType(descriptor.mediaType) ?? descriptor.mediaType },
    ...(content.repository === undefined ? {} : { repository: content.repository }),
    ...(content.fetch ? { fetch: (context) => content.fetch!(descriptor, context) } : {}),
    open: (signal) => content.blob(descriptor, signal ? { signal } : {}),
  }
}
