/** A builder image's labels and environment (shapes: platform.md and distribution.md). */

import type { LayerInfo } from '../buildpacks/layer-info.ts'
import type { GroupEntry, Order } from '../buildpacks/order.ts'
import type { Image } from '../images/image.ts'

export interface RunImageName {
  readonly image: string
  readonly mirrors: readonly string[]
}

export interface ApiRange {
  readonly deprecated: readonly string[]
  readonly supported: readonly string[]
}

export interface LifecycleInfo {
  readonly version: string
  readonly buildpackApis: ApiRange
  readonly platformApis: ApiRange
}

/** A buildpack or extension, as its descriptor describes it. */
export interface ModuleInfo {
  readonly id: string
  readonly version: string
  readonly name?: string
  readonly description?: string
  readonly homepage?: string
  readonly keywords?: readonly string[]
  readonly licenses?: readonly { readonly type?: string; readonly uri?: string }[]
}

export interface Builder {
  readonly image: Image
  /** The build user: CNB_USER_ID and CNB_GROUP_ID. */
  readonly uid: number
  readonly gid: number
  readonly description: string
  readonly createdBy: { readonly name: string; readonly version: string }
  readonly stack: { readonly id: string; readonly mixins: readonly string[] }
  readonly lifecycle: LifecycleInfo
  readonly runImages: readonly RunImageName[]
  readonly buildpacks: readonly ModuleInfo[]
  readonly extensions: readonly ModuleInfo[]
  /** `io.buildpacks.buildpack.layers`: by ID, then version. */
  readonly buildpackLayers: Readonly<Record<string, Readonly<Record<string, LayerInfo>>>>
  /** As buildpackLayers, for extensions. */
  readonly extensionLayers?: Builder['buildpackLayers']
  readonly order: Order
  readonly orderExtensions: Order
  readonly system: { readonly pre: readonly GroupEntry[]; readonly post: readonly GroupEntry[] }
}
