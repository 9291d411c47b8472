/** The targets of a package, and the names of their files and images. */

import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { formatTarget } from '../../buildpacks/build-target.ts'
import type { BuildTarget } from '../../buildpacks/buildpack-descriptor.ts'
import { withOneDistro } from '../../buildpacks/parse-target.ts'
import { formatPlatform, type Platform } from '../../oci/platform.ts'

/** Without any target, a package is for Linux on all architectures, as in pack. */
const ANY_LINUX: BuildTarget = { os: 'linux' }

/**
 * Returns the targets, each with one distribution or none.
 * @param given those of --target
 * @param configured those of the descriptor or of package.toml
 * @param engine the engine's platform if the package is saved to it: an engine has one image of a name
 * @throws CnbError CNB_UNSUPPORTED for Windows, CNB_USAGE for several targets on an engine, CNB_PLATFORM_MISMATCH
 */
export function packageTargets(
  given: readonly BuildTarget[],
  configured: readonly BuildTarget[],
  engine: Platform | undefined,
  { events }: Context = {},
): readonly BuildTarget[] {
  const wanted = given.length > 0 ? given : configured
  const windows = wanted.filter(({ os }) => os === 'windows').map(formatTarget).join(', ')
  if (windows !== '') events?.({ type: 'warning', message: `no package is created for ${windows}: cnb does not support Windows` })
  const supported = wanted.filter(({ os }) => os !== 'windows')
  if (supported.length === 0 && wanted.length > 0) {
    throw new CnbError('CNB_UNSUPPORTED', `cannot create a package for ${windows}: cnb does not support Windows`, { hint: 'Use --target with a Linux platform.' })
  }
  const targets = withOneDistro(wanted.length > 0 ? supported : [ANY_LINUX])
  if (!engine) return targets
  if (given.length > 1) {
    throw new CnbError('CNB_USAGE', 'cannot save a package for several targets on the engine', { hint: 'Use one --target, or --publish, or --format file.' })
  }
  const fitting = targets.find(({ os, arch }) => (os ?? 'linux') === engine.os && (!arch || arch === engine.architecture))
  if (fitting) return [fitting]
  throw new CnbError('CNB_PLATFORM_MISMATCH', `no target of the package matches the engine's platform, ${formatPlatform(engine)}`, {
    hint: `Use --publish or --format file for the targets: ${targets.map(formatTarget).join('; ')}.`,
  })
}

/** Returns the parts of a target in names: `linux-amd64`, and with `all` also its variant and distribution. */
export function targetName({ os = 'linux', arch, variant, distros = [] }: BuildTarget, all: boolean): string {
  const more = all ? [variant, ...distros.flatMap(({ name, version }) => [name, version])] : []
  return [os, arch, ...more].filter((part) => part).join('-')
}

/**
 * Returns the file of each target: `name.cnb`, for several targets `name-os-arch.cnb`, as in pack. If two targets would have the same
 * file, the names also have the variant and the distribution.
 * @param name the name as the user typed it, with or without `.cnb`
 */
export function packageFiles(name: string, targets: readonly BuildTarget[]): string[] {
  // `hello-1.0` is a name with a version and without an extension.
  const [extension = '.cnb'] = /\.[A-Za-z]+$/.exec(name) ?? []
  const stem = name.endsWith(extension) ? name.slice(0, -extension.length) : name
  const withTargets = (all: boolean): string[] => targets.map((target) => `${stem}-${targetName(target, all)}${extension}`)
  if (targets.length === 1) return [`${stem}${extension}`]
  const short = withTargets(false)
  return new Set(short).size === short.length ? short : withTargets(true)
}
