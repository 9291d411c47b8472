/** Whether a build may run all phases in one container, next to the engine's socket. */

import type { Builder } from '../../builder/builder.ts'
import { isTrusted } from '../../builder/trust.ts'

export interface TrustInput {
  /** The value of `--trust-builder`. */
  readonly asked: boolean | undefined
  readonly builder: Pick<Builder, 'image' | 'orderExtensions'>
  /** Builders that the user trusts, by the configuration file. */
  readonly trustedBuilders: readonly string[]
  /** Whether the build runs buildpacks that come neither from the builder nor from inline scripts of project.toml. */
  readonly external: boolean
}

export interface Trust {
  /** Whether the user trusts the builder. */
  readonly builder: boolean
  /** Whether `creator` may run the build. */
  readonly creator: boolean
}

/** The user's trust in the builder does not extend to buildpacks that come from elsewhere. `creator` cannot run image extensions. */
export function trusts({ asked, builder, trustedBuilders, external }: TrustInput): Trust {
  const trusted = asked ?? isTrusted(builder.image.reference, trustedBuilders)
  return { builder: trusted, creator: trusted && !external && builder.orderExtensions.length === 0 }
}
