/** Images as everything else sees them: read-only, whatever they are stored in. */

import type { Readable } from 'node:stream'
import type { Context } from '../base/events.ts'
import type { ImageConfig } from '../oci/config.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import type { Digest } from '../oci/digest.ts'
import type { Platform } from '../oci/platform.ts'
import type { Tag } from '../oci/reference.ts'

/** One layer, uncompressed. `open` gives the tar whose sha256 is `diffId`; `size` is the tar's, in bytes. */
export interface Layer {
  readonly diffId: Digest
  readonly size?: number
  /** The layer as a registry or a layout has it; without one it has never been there, as far as is known. */
  readonly blob?: LayerBlob
  open(signal?: AbortSignal): Promise<Readable>
}

/** A layer's bytes in the form in which they are stored and sent. */
export interface LayerBlob {
  readonly descriptor: Descriptor
  /** Where it is: a registry's repository, `registry.example/team/app`. */
  readonly repository?: string
  open(signal?: AbortSignal): Promise<Readable>
}

/**
 * An image that exists. `id` is what its store calls it: on an engine the image ID, in a registry `repository@digest` with the
 * full name that the lifecycle would write (platform.md "rebaser", "Outputs").
 */
export interface Image {
  readonly reference: string
  readonly id: string
  /** The manifest's digest where the store knows one, as `repository@sha256:…`. */
  readonly repoDigests: readonly string[]
  readonly platform: Platform
  readonly config: ImageConfig
  readonly layers: readonly Layer[]
  readonly labels: Readonly<Record<string, string>>
}

/** An image to be made: `config.rootfs.diff_ids` names the same layers in the same order as `layers`. */
export interface ImagePlan {
  /** The image that it stands on, whose layers the store should have. */
  readonly base: Image
  /** Another image whose layers the store should have: the one that this takes the place of. */
  readonly previous?: Image
  readonly config: ImageConfig
  readonly layers: readonly Layer[]
  /** The blobs by which other stores get the layers, so that the manifest is the same everywhere; all of them or none. */
  readonly blobs?: ReadonlyMap<Digest, LayerBlob>
  /** The names it gets; the first is the one that messages use. */
  readonly tags: readonly Tag[]
}

export interface SavedImage {
  readonly id: string
  /** As in Image; none on a graph-driver engine, which has no manifest. */
  readonly repoDigests: readonly string[]
  /** What all stores but a graph-driver engine know it by. */
  readonly manifest?: Pick<Descriptor, 'digest' | 'size'>
  readonly tags: readonly string[]
}

/** Where images are read from. `find` gives undefined for an image that is not there, and throws for anything else. */
export interface ImageSource {
  find(reference: string, context?: Context): Promise<Image | undefined>
}

/** Where images go. Either all names point to the new image afterwards, or none does, unless the error says which do. */
export interface ImageSink {
  save(plan: ImagePlan, context?: Context): Promise<SavedImage>
}
