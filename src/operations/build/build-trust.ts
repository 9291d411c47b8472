/** Decides which image runs each phase of the stock lifecycle, and whether one container runs all. */

import { CnbError } from '../../base/errors.ts'
import { decide, type Context } from '../../base/events.ts'
import type { Builder } from '../../builder/builder.ts'
import { readLifecycleDescriptor } from '../../builder/lifecycle/lifecycle-image.ts'
import { isTrusted } from '../../builder/trust.ts'
import { type ApiVersion, formatApiVersion } from '../../formats/versions.ts'
import { findImage, type FindImageServices, type PullPolicy } from '../../images/find/find-image.ts'

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

export interface PhaseImageInput {
  /** The value of --lifecycle-image, and that of the configuration file. */
  readonly option: string | undefined
  readonly configured: string | undefined
  readonly isStock: boolean
  /** Whether one container runs all phases. */
  readonly creator: boolean
  readonly platformApi: ApiVersion
  readonly policy: PullPolicy
}

/**
 * Finds the lifecycle's image for the phases that run no buildpacks, and returns its ID on the engine. Returns undefined if the builder
 * runs all phases; an option without an effect is reported.
 * @throws CnbError CNB_PLATFORM_API if its lifecycle does not support the build's Platform API, CNB_LIFECYCLE_INVALID, and those of findImage
 */
export async function findPhaseImage(input: PhaseImageInput, services: FindImageServices, context: Context): Promise<string | undefined> {
  const { option, isStock, creator, platformApi, policy } = input
  const name = option ?? input.configured
  if (name === undefined) return undefined
  if (!isStock || creator) {
    const why = isStock ? 'a trusted builder runs all phases' : 'the native lifecycle needs no image'
    if (option !== undefined) context.events?.({ type: 'info', message: `--lifecycle-image has no effect: ${why}` })
    return undefined
  }
  const image = await findImage(name, policy, services, context)
  const descriptor = readLifecycleDescriptor(image)
  if (!descriptor) throw new CnbError('CNB_LIFECYCLE_INVALID', `the image '${name}' has no label with the version and APIs of a lifecycle`, { hint: 'Use an image of the lifecycle, such as buildpacksio/lifecycle:0.21.0.' })
  const { supported, deprecated } = descriptor.apis.platform
  if (![...supported, ...deprecated].includes(formatApiVersion(platformApi))) {
    throw new CnbError('CNB_PLATFORM_API', `the lifecycle in '${name}' does not support Platform API ${formatApiVersion(platformApi)}, which the builder uses`, {
      hint: "Use an image with the version of the builder's lifecycle, or leave out --lifecycle-image.",
    })
  }
  decide(context, { kind: 'lifecycle', name }, 'chosen', `${option === undefined ? 'the configuration file' : '--lifecycle-image'} names it for the phases that run no buildpacks`)
  return image.id
}
