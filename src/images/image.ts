/** The types of images, independent of where they are stored. */

import type { Readable } from 'node:stream'
import type { Context } from '../base/events.ts'
import type { ImageConfig } from '../oci/config.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import type { Digest } from '../oci/digest.ts'
import type { Platform } from '../oci/platform.ts'
import type { Tag } from '../oci/reference.ts'

/** An uncompressed layer. `open` returns the tar with the sha256 digest `diffId`; `size` is the tar's size in bytes. */
export interface Layer {
  readonly diffId: Digest
  readonly size?: number
  /** Determines `size` if it is unknown, in another way than by counting the bytes of `open`. */
  readonly measure?: () => Promise<unknown>
  /** The layer's blob in a registry or layout; undefined if none is known. */
  readonly blob?: LayerBlob
  open(signal?: AbortSignal): Promise<Readable>
}

/** A layer's bytes as stored and sent, usually compressed. */
export interface LayerBlob {
  readonly descriptor: Descriptor
  /** The registry's repository that has the blob: `registry.example/team/app`. */
  readonly repository?: string
  /** Downloads the blob to a cache: then `open` reads a file. Undefined without a cache. */
  readonly fetch?: (context?: Context) => Promise<void>
  open(signal?: AbortSignal): Promise<Readable>
}

/**
 * An existing image. `id` is its identifier in its store: the image ID on an engine; in a registry `repository@digest`, with the full
 * name that the lifecycle writes (platform.md "rebaser", "Outputs").
 */
export interface Image {
  readonly reference: string
  readonly id: string
  /** The manifest's digest as `repository@sha256:…`, if the store has one. */
  readonly repoDigests: readonly string[]
  readonly platform: Platform
  readonly config: ImageConfig
  readonly layers: readonly Layer[]
  readonly labels: Readonly<Record<string, string>>
  /** The index that lists the image, if it was found through one. */
  readonly index?: { readonly descriptor: Descriptor }
}

/** An image to save: `config.rootfs.diff_ids` has the same layers in the same order as `layers`. */
export interface ImagePlan {
  /** The base image; undefined for an image that has none. The store should have its layers. */
  readonly base?: Image | undefined
  /** The image that this one replaces. The store should have its layers. */
  readonly previous?: Image
  /** Whether the name is known to be new: then the store most likely lacks the image's own blobs. */
  readonly isFirst?: boolean
  readonly config: ImageConfig
  readonly layers: readonly Layer[]
  /** Annotations of the manifest; engines do not keep them. */
  readonly annotations?: Readonly<Record<string, string>> | undefined
  /** The layers' blobs in other stores, to save the same manifest everywhere; for all layers or for none. */
  readonly blobs?: ReadonlyMap<Digest, LayerBlob>
  /** The image's names; messages use the first. */
  readonly tags: readonly Tag[]
  /**
   * Whether the image is a part of an index: then `tags` are the index's names. The image is saved to the same repositories or layout,
   * without another name.
   */
  readonly part?: boolean
}

export interface SavedImage {
  readonly id: string
  /** As in Image; empty on a graph-driver engine, which has no manifest. */
  readonly repoDigests: readonly string[]
  /** The manifest or index; undefined on a graph-driver engine. */
  readonly manifest?: Pick<Descriptor, 'digest' | 'size'>
  readonly tags: readonly string[]
}

/** A source of images. `find` returns undefined if the image does not exist, and throws for any other failure. */
export interface ImageSource {
  find(reference: string, context?: Context): Promise<Image | undefined>
}

/** A destination of images. Afterwards all names point to the new image, or none does, unless the error lists those that do. */
export interface ImageSink {
  save(plan: ImagePlan, context?: Context): Promise<SavedImage>
}
