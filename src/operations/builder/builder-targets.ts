/** The platforms of a new builder: those of --target, or else of builder.toml. */

import { CnbError } from '../../base/errors.ts'
import { formatTarget, targetMatches, type TargetPlatform } from '../../buildpacks/build-target.ts'
import type { BuildTarget } from '../../buildpacks/buildpack-descriptor.ts'
import { parseTarget } from '../../buildpacks/parse-target.ts'
import { formatPlatform, type Platform } from '../../oci/platform.ts'

/** The targets that the user chose, and where. */
export interface BuilderTargets {
  readonly targets: readonly BuildTarget[]
  /** For messages: `--target` or `builder.toml`. */
  readonly source: string
}

/** Returns the targets of the options, or else those of builder.toml. @throws CnbError CNB_USAGE, CNB_UNSUPPORTED */
export function chooseTargets(options: readonly string[], configured: readonly BuildTarget[]): BuilderTargets {
  if (options.length === 0) return { targets: configured, source: 'builder.toml' }
  return { targets: options.map((text) => parseTarget(text)), source: '--target' }
}

/**
 * Returns the engine's platform, with the variant of the first target that matches it: an engine has one image of a name.
 * @throws CnbError CNB_PLATFORM_MISMATCH if no target matches
 */
export function platformOnEngine({ targets, source }: BuilderTargets, engine: Platform): Platform {
  const target = targets.find(({ os, arch, variant }) => targetMatches({ os, arch, variant }, engine))
  if (target) return { os: engine.os, architecture: engine.architecture, variant: target.variant }
  if (targets.length === 0) return engine
  throw new CnbError('CNB_PLATFORM_MISMATCH', `no target of ${source} matches the engine's platform, ${formatPlatform(engine)}`, {
    hint: `Use --publish for the targets, or an engine for one of them: ${targets.map(formatTarget).join('; ')}.`,
  })
}

/** Returns the platform of each target, each once. Missing parts are those of `own`, this machine's platform. */
export function platformsOf({ targets }: BuilderTargets, own: Platform): Platform[] {
  if (targets.length === 0) return [own]
  const platforms = targets.map(({ os = own.os, arch = own.architecture, variant }) => ({ os, architecture: arch, variant }))
  return [...new Map(platforms.map((platform) => [formatPlatform(platform), platform])).values()]
}

/** Checks that the build image matches a target, with its distribution. @throws CnbError CNB_PLATFORM_MISMATCH */
export function checkTarget({ targets, source }: BuilderTargets, buildImage: string, actual: TargetPlatform): void {
  if (targets.length === 0 || targets.some((target) => targetMatches(target, actual))) return
  throw new CnbError('CNB_PLATFORM_MISMATCH', `the build image '${buildImage}' matches no target of ${source}`, {
    hint: `Use a build image for one of the targets: ${targets.map(formatTarget).join('; ')}.`,
  })
}
