/** buildpack.toml and extension.toml (specification, buildpack.md "buildpack.toml"). */

import type { Order } from './order.ts'

export interface Target {
  readonly os?: string
  readonly arch?: string
  readonly variant?: string
  readonly distros?: readonly { readonly name?: string; readonly version?: string }[]
}

/** What a builder tells of a buildpack (`ModuleInfo` in the peer's labels). */
export interface BuildpackInfo {
  readonly id: string
  readonly version: string
  readonly name?: string
  readonly description?: string
  readonly homepage?: string
  readonly keywords?: readonly string[]
  readonly licenses?: readonly { readonly type?: string; readonly uri?: string }[]
  readonly clearEnv?: boolean
}

/** A buildpack's descriptor. A composite buildpack has an `order` and neither targets nor stacks. */
export interface BuildpackDescriptor {
  readonly kind: 'buildpack' | 'extension'
  readonly api: string
  readonly info: BuildpackInfo
  readonly stacks: readonly { readonly id: string; readonly mixins?: readonly string[] }[]
  readonly targets: readonly Target[]
  readonly order: Order
}
