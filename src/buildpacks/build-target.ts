/** Target platforms of buildpacks (buildpack.md "Targets"), with the defaults of the lifecycle. */

import type { Platform } from '../oci/platform.ts'
import type { BuildpackDescriptor, BuildTarget } from './buildpack-descriptor.ts'

/** The platform of an image, with its distribution. */
export interface TargetPlatform extends Platform {
  readonly distro?: { readonly name?: string; readonly version?: string }
}

const BIONIC = 'io.buildpacks.stacks.bionic'

/**
 * Returns a descriptor's targets: its `targets`, or the equivalent of its stacks, or any Linux, because a non-composite buildpack must
 * have a `bin/build`. A composite buildpack has no targets; the result matches all platforms.
 */
export function targetsOf(descriptor: BuildpackDescriptor): readonly BuildTarget[] {
  if (descriptor.targets.length > 0) return descriptor.targets
  if (descriptor.order.length > 0) return [{}]
  const fromStacks = descriptor.stacks.flatMap(({ id }): BuildTarget[] => {
    if (id === '*') return [{}]
    return id === BIONIC ? [{ os: 'linux', arch: 'amd64', distros: [{ name: 'ubuntu', version: '18.04' }] }] : []
  })
  return fromStacks.length > 0 ? fromStacks : [{ os: 'linux' }]
}

/** Whether `platform` matches `target`; fields that are missing on either side match. */
export function targetMatches(target: BuildTarget, platform: TargetPlatform): boolean {
  if (!same(target.os, platform.os) || !same(target.arch, platform.architecture) || !same(target.variant, platform.variant)) return false
  const distro = platform.distro
  if (!target.distros?.length || distro === undefined) return true
  return target.distros.some(({ name, version }) => same(name, distro.name) && same(version, distro.version))
}

function same(a: string | undefined, b: string | undefined): boolean {
  return !a || !b || a === b
}

/** Formats `linux/amd64 (ubuntu 24.04)`, with `any` for missing fields. */
export function formatTarget(target: BuildTarget): string {
  const platform = [target.os || 'any', target.arch || 'any', ...(target.variant ? [target.variant] : [])].join('/')
  const distros = (target.distros ?? []).map(({ name, version }) => [name, version].filter(Boolean).join(' '))
  return distros.length > 0 ? `${platform} (${distros.join(', ')})` : platform
}
