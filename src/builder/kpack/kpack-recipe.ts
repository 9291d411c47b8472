/** The contents of a builder of a kpack resource. */

import type { Order } from '../../buildpacks/order.ts'
import type { LayerBlob } from '../../images/image.ts'
import type { StoredImage } from '../../images/stored-image.ts'
import type { Digest } from '../../oci/digest.ts'
import type { StoredDescriptor } from '../../oci/extended-manifest.ts'
import type { ApiRange } from '../builder.ts'

export interface KpackBuilderRecipe {
  readonly buildImage: StoredImage
  readonly user: { readonly uid: number; readonly gid: number }
  readonly lifecycle: KpackLifecycle & { readonly layer: StoredLayer }
  /** Each once, in any order. */
  readonly buildpacks: readonly StoredModule[]
  /** With versions. */
  readonly order: Order
  /** With the digest. */
  readonly runImage: string
  /** Labels of the user: those of the builder have precedence. */
  readonly labels: Readonly<Record<string, string>>
  readonly createdBy: { readonly name: string; readonly version: string }
  /** The additions to kpack's builders; undefined for exactly kpack's image. */
  readonly more?: { readonly extensions: readonly StoredModule[]; readonly orderExtensions: Order } | undefined
}

/** A layer in a registry, or in memory. */
export interface StoredLayer {
  readonly diffId: Digest
  /** As in its manifest. */
  readonly descriptor: StoredDescriptor
  readonly blob: LayerBlob
}

/** A buildpack or extension in a registry, as labels describe it. */
export interface StoredModule {
  readonly id: string
  readonly version: string
  readonly homepage?: string | undefined
  readonly api: string
  readonly order: Order
  readonly stacks: readonly { readonly id: string; readonly mixins?: readonly string[] }[]
  readonly layer: StoredLayer
}

/** The lifecycle's version and APIs, as its image's labels describe them. */
export interface KpackLifecycle {
  readonly version: string
  readonly api: { readonly buildpack?: string | undefined; readonly platform?: string | undefined }
  readonly apis: { readonly buildpack: ApiRange; readonly platform: ApiRange }
}
