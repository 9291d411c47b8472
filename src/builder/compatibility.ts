/** Checks buildpacks against the lifecycle and build image, as pack does, and with targets. */

import { CnbError } from '../base/errors.ts'
import { checkOrders, formatEntry } from '../buildpacks/order.ts'
import { checkDirectories, type Buildpack } from '../buildpacks/buildpack.ts'
import type { BuildpackDescriptor } from '../buildpacks/buildpack-descriptor.ts'
import { formatTarget, targetMatches, targetsOf, type TargetPlatform } from '../buildpacks/build-target.ts'
import { compareApiVersions, parseApiVersion } from '../formats/versions.ts'
import type { Image } from '../images/image.ts'
import { readStackId, readStackMixins, readImageTarget } from '../images/labels/label-names.ts'
import { formatPlatform } from '../oci/platform.ts'
import type { ApiRange, Builder } from './builder.ts'
import type { LifecycleDescriptor } from './lifecycle-toml.ts'

/**
 * Checks each buildpack against the lifecycle and the build image, and the order of each composite buildpack against the others.
 * @returns warnings about deprecated APIs
 * @throws CnbError CNB_BUILDPACK_INVALID, CNB_BUILDPACK_NOT_FOUND
 */
export function checkBuildpacks(buildpacks: readonly Buildpack[], lifecycle: LifecycleDescriptor, buildImage: Image): string[] {
  const available = buildpacks.map(({ descriptor }) => descriptor.info)
  checkDirectories(available)
  checkOrders(buildpacks.map(({ descriptor }) => descriptor), available)
  return buildpacks.flatMap(({ descriptor }) => {
    checkBase(descriptor, buildImage)
    return checkApi(descriptor, lifecycle.version, lifecycle.apis.buildpack)
  })
}

/**
 * Checks modules that a build adds to a builder: their APIs, and the operating system and architecture of those that must run.
 * Distributions are not compared: the lifecycle compares them with those of the run image.
 * @param main the modules that the user named; a composite buildpack has no targets
 * @returns warnings about deprecated APIs
 * @throws CnbError CNB_BUILDPACK_INVALID
 */
export function checkAdded(added: readonly Buildpack[], main: readonly Buildpack[], { image, lifecycle }: Pick<Builder, 'image' | 'lifecycle'>): string[] {
  for (const { descriptor } of main) {
    const targets = targetsOf(descriptor)
    if (descriptor.order.length > 0 || targets.some(({ os, arch, variant }) => targetMatches({ os, arch, variant }, image.platform))) continue
    const message = `${descriptor.kind} '${formatEntry(descriptor.info)}' does not run on the builder '${image.reference}': it is ${formatPlatform(image.platform)}`
    throw new CnbError('CNB_BUILDPACK_INVALID', message, {
      hint: `Use a builder for one of the ${descriptor.kind}'s targets: ${targets.map(formatTarget).join('; ')}.`,
    })
  }
  return added.flatMap(({ descriptor }) => checkApi(descriptor, lifecycle.version, lifecycle.buildpackApis))
}

function checkApi({ kind, info, api }: BuildpackDescriptor, version: string, { supported, deprecated }: ApiRange): string[] {
  const has = (list: readonly string[]): boolean => list.some((other) => sameApi(other, api))
  if (has(deprecated)) return [`${kind} '${formatEntry(info)}' uses the deprecated Buildpack API ${api}`]
  if (has(supported)) return []
  const message = `${kind} '${formatEntry(info)}' has Buildpack API ${api}, which lifecycle ${version} does not support`
  throw new CnbError('CNB_BUILDPACK_INVALID', message, {
    hint: `Use another version of the ${kind} or of the lifecycle, which supports: ${[...deprecated, ...supported].join(', ')}.`,
  })
}

function sameApi(a: string, b: string): boolean {
  const [first, second] = [parseApiVersion(a), parseApiVersion(b)]
  return first !== undefined && second !== undefined && compareApiVersions(first, second) === 0
}

function checkBase(descriptor: BuildpackDescriptor, buildImage: Image): void {
  if (descriptor.kind === 'extension' || descriptor.order.length > 0) return
  // Since Platform API 0.12 targets replace stacks; a buildpack without targets still declares stacks.
  if (descriptor.targets.length === 0 && descriptor.stacks.length > 0) checkStack(descriptor, buildImage)
  const platform = targetPlatform(buildImage)
  const targets = targetsOf(descriptor)
  if (targets.some((target) => targetMatches(target, platform))) return
  const { os, architecture, variant, distro } = platform
  const actual = formatTarget({ os, arch: architecture, variant, distros: distro && [distro] })
  const message = `buildpack '${formatEntry(descriptor.info)}' does not run on the build image '${buildImage.reference}': it is ${actual}`
  throw new CnbError('CNB_BUILDPACK_INVALID', message, {
    hint: `Use a build image for one of the buildpack's targets: ${targets.map(formatTarget).join('; ')}.`,
  })
}

function checkStack({ info, stacks }: BuildpackDescriptor, buildImage: Image): void {
  const stackId = readStackId(buildImage)
  if (stackId === '') return
  const stack = stacks.find(({ id }) => id === stackId || id === '*')
  if (!stack) {
    throw new CnbError('CNB_BUILDPACK_INVALID', `buildpack '${formatEntry(info)}' does not support stack '${stackId}' of the build image`, {
      hint: `Use a build image with one of the buildpack's stacks: ${stacks.map(({ id }) => id).join(', ')}.`,
    })
  }
  const provided = readStackMixins(buildImage)
  const missing = (stack.mixins ?? []).filter((mixin) => !mixin.startsWith('run:') && !provided.includes(mixin.replace(/^build:/, '')))
  if (missing.length === 0) return
  const message = `buildpack '${formatEntry(info)}' needs mixins that the build image lacks: ${missing.join(', ')}`
  throw new CnbError('CNB_BUILDPACK_INVALID', message)
}

/** Returns an image's platform and distribution, for comparison with targets. */
export function targetPlatform(image: Image): TargetPlatform {
  const { distroName, distroVersion } = readImageTarget(image)
  const distro = distroName || distroVersion ? { distro: { name: distroName, version: distroVersion } } : {}
  return { ...image.platform, ...distro }
}
