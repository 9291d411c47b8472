/** Decides whether a build may run all phases in one container with the engine's socket (`creator`). */

import type { Builder } from '../../builder/builder.ts'
import { isTrusted } from '../../builder/trust.ts'

export interface TrustInput {
  /** The value of `--trust-builder`. */
  readonly asked: boolean | undefined
  readonly builder: Pick<Builder, 'image' | 'orderExtensions'>
  /** The trusted builders of the configuration file. */
  readonly trustedBuilders: readonly string[]
  /** Whether the build runs buildpacks other than those of the builder and inline scripts of project.toml. */
  readonly external: boolean
}

export interface Trust {
  /** Whether the user trusts the builder. */
  readonly builder: boolean
  /** Whether `creator` may run the build. */
  readonly creator: boolean
}

/** Trust in the builder does not extend to buildpacks from other sources. `creator` cannot run image extensions. */
export function judgeTrust({ asked, builder, trustedBuilders, external }: TrustInput): Trust {
  const trusted = asked ?? isTrusted(builder.image.reference, trustedBuilders)
  return { builder: trusted, creator: trusted && !external && builder.orderExtensions.length === 0 }
}
