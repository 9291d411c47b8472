/** Reads the modules of a package for one target. */

import { resolve } from 'node:path'
import { Limiter } from '../../base/limiter.ts'
import type { Context } from '../../base/events.ts'
import type { Buildpack } from '../../buildpacks/buildpack.ts'
import type { BuildTarget } from '../../buildpacks/buildpack-descriptor.ts'
import { externalLocator, type ModuleSources } from '../../buildpacks/module-sources.ts'
import { readModules } from '../../buildpacks/read.ts'
import type { Platform } from '../../oci/platform.ts'
import type { PackageSource } from './package-source.ts'

/** Concurrent reads: most wait for a registry or a disk. */
const AT_ONCE = 8

export interface PackageReading {
  readonly sources: ModuleSources
  /** For dependencies in images, if the target has no architecture. */
  readonly platform: Platform
  /** The paths of the files and directories that will be written, which are not part of the module. */
  readonly outputs: readonly string[]
}

export interface PackageModules {
  readonly main: Buildpack
  readonly dependencies: readonly Buildpack[]
}

/**
 * Reads the module to package and its dependencies. From an archive that is a package, all its modules are read.
 * @throws CnbError errors of the sources
 */
export async function readPackageModules(
  source: PackageSource,
  target: BuildTarget,
  { sources, platform, outputs }: PackageReading,
  context: Context,
): Promise<PackageModules> {
  const { kind, base, main, dependencies } = source
  const { os = 'linux', arch, variant } = target
  const reading = { kind, target, platform: arch ? { os, architecture: arch, ...(variant ? { variant } : {}) } : { ...platform, os } }
  const limit = new Limiter(AT_ONCE)
  const [own, ...others] = await Promise.all([
    // Without the dependencies of a package.toml in the same directory: those of `source` count.
    main.type === 'path' ? readModules(resolve(base, main.path), { ...reading, without: outputs }, context).then(({ modules }) => modules) : sources.read(main, base, reading, context),
    ...dependencies.map((text) => limit.run(async () => sources.read(await externalLocator(text, base), base, reading, context))),
  ])
  const [module, ...rest] = own as [Buildpack, ...Buildpack[]]
  return { main: module, dependencies: [...others.flat(), ...rest] }
}
