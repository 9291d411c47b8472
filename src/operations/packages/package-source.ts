/** What to package: the module of --path or of package.toml, its dependencies and its targets. */

import { stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { readDescriptor, type BuildpackDescriptor, type BuildTarget, type ModuleKind } from '../../buildpacks/buildpack-descriptor.ts'
import type { ExternalLocator } from '../../buildpacks/locator.ts'
import { externalLocator } from '../../buildpacks/module-sources.ts'
import { readPackageToml, type PackageConfig } from '../../buildpacks/packages/package-toml.ts'
import { parseNamedFile, readNamedFile } from '../named-file.ts'
import type { Host } from '../services.ts'
import type { PackageOptions } from './package-options.ts'

export interface PackageSource {
  readonly kind: ModuleKind
  readonly main: ExternalLocator
  /** The locators of the dependencies. */
  readonly dependencies: readonly string[]
  /** The directory of relative paths. */
  readonly base: string
  /** The targets of the descriptor, or of package.toml for a composite buildpack. */
  readonly targets: readonly BuildTarget[]
}

/**
 * Reads package.toml and the targets of the descriptor. Without `config`, a composite buildpack has its own package.toml.
 * @throws CnbError CNB_DESCRIPTOR_INVALID with position, CNB_BUILDPACK_NOT_FOUND, CNB_USAGE for a module in an image
 */
export async function readPackageSource(options: Pick<PackageOptions, 'kind' | 'config' | 'path'>, host: Host, context: Context): Promise<PackageSource> {
  const { kind, config, path = '.' } = options
  if (config !== undefined) {
    const base = dirname(resolve(host.cwd, config))
    const { uri, dependencies, targets } = await readConfig(config, kind, host, context)
    const main = await externalLocator(uri, base)
    if (main.type !== 'path' && main.type !== 'url') {
      throw new CnbError('CNB_USAGE', `cannot package '${uri}': it is a package already`, { hint: 'Use the directory, archive or URL of a buildpack.' })
    }
    const own = main.type === 'path' ? await readDescriptorIn(resolve(base, main.path), kind, host, context) : undefined
    return { kind, main, dependencies, base, targets: own && own.order.length === 0 ? own.targets : targets }
  }
  const base = resolve(host.cwd, path)
  const own = await readDescriptorIn(base, kind, host, context)
  const packageToml = join(path, 'package.toml')
  const isComposite = own !== undefined && own.order.length > 0 && (await isFile(resolve(host.cwd, packageToml)))
  const { dependencies, targets } = isComposite ? await readConfig(packageToml, kind, host, context) : { dependencies: [], targets: own?.targets ?? [] }
  return { kind, main: { type: 'path', path: base }, dependencies, base, targets }
}

/** @param shown the path as the user typed it */
async function readConfig(shown: string, kind: ModuleKind, { cwd }: Host, context: Context): Promise<PackageConfig> {
  const file = await readNamedFile({ path: resolve(cwd, shown), shown, what: `'${shown}'` }, 'CNB_DESCRIPTOR_INVALID', [cwd], context)
  return parseNamedFile(file, (text) => readPackageToml(text, shown, kind, context))
}

/** Reads the descriptor in a directory. Returns undefined without one, and for an archive: as in pack, its descriptor does not set the targets. */
async function readDescriptorIn(directory: string, kind: ModuleKind, { cwd }: Host, context: Context): Promise<BuildpackDescriptor | undefined> {
  const path = join(directory, `${kind}.toml`)
  if (!(await isFile(path))) return undefined
  const file = await readNamedFile({ path, shown: path, what: `'${path}'` }, 'CNB_DESCRIPTOR_INVALID', [cwd], context)
  // The module is read again with its files, and the warnings of its descriptor are reported then.
  return parseNamedFile(file, (text) => readDescriptor(text, path, kind))
}

function isFile(path: string): Promise<boolean> {
  return stat(path).then((stats) => stats.isFile(), () => false)
}
