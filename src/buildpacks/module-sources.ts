/** Reads the modules that locators name, with their dependencies. */

import { access } from 'node:fs/promises'
import { resolve } from 'node:path'
import { CnbError, throwIfAborted } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import { shownAddress } from '../formats/shown-address.ts'
import type { Image } from '../images/image.ts'
import { uniqueModules, type Buildpack } from './buildpack.ts'
import { parseLocator, type ExternalLocator, type ImageLocator, type RegistryLocator } from './locator.ts'
import { formatEntry } from './order.ts'
import { readPackage } from './packages/read-package.ts'
import type { ModuleReading } from './packages/module-reading.ts'
import { readModules, type FoundModules } from './read.ts'

/** What reads the modules that are not files of this machine. Each method throws if it cannot find them. */
export interface RemoteModules {
  /** Finds the package image with the name, for the platform. */
  image(reference: string, reading: ModuleReading, context: Context): Promise<Image>
  /** Downloads an archive, and reads the file at its path. */
  download<T>(url: string, read: (path: string) => Promise<T>, context: Context): Promise<T>
  /** Returns the image name, with a digest, of an entry of the buildpack registry. */
  address(entry: RegistryLocator, context: Context): Promise<string>
}

export interface ModuleSources {
  /**
   * Reads the module of a locator, its main module first, and its dependencies: the other modules of a package, and those in the
   * package.toml of a directory.
   * @param base the directory of relative paths
   * @throws CnbError CNB_BUILDPACK_NOT_FOUND, CNB_BUILDPACK_INVALID, CNB_DESCRIPTOR_INVALID, CNB_IMAGE_*, CNB_REGISTRY_*, …
   */
  read(locator: ExternalLocator, base: string, reading: ModuleReading, context: Context): Promise<Buildpack[]>
}

/** More than any real chain of dependencies. */
const MAX_DEPENDENCIES = 1000

export function moduleSources(remote: RemoteModules): ModuleSources {
  return {
    async read(locator, base, reading, context) {
      const found: Buildpack[] = []
      const seen = new Set<string>()
      const waiting = [{ locator, base }]
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        throwIfAborted(context.signal)
        const key = keyOf(next.locator, next.base)
        if (seen.has(key)) continue
        seen.add(key)
        if (seen.size > MAX_DEPENDENCIES) {
          throw new CnbError('CNB_BUILDPACK_INVALID', `'${locator.type === 'url' ? shownAddress(locator.url) : keyOf(locator, base)}' depends on more than ${MAX_DEPENDENCIES} buildpacks`)
        }
        const { modules, dependencies, directory } = await readOne(next.locator, next.base, reading, remote, context)
        found.push(...modules)
        for (const dependency of dependencies) waiting.push({ locator: await externalLocator(dependency, directory), base: directory })
      }
      return uniqueModules(found)
    },
  }
}

function keyOf(locator: ExternalLocator, base: string): string {
  if (locator.type === 'path') return resolve(base, locator.path)
  return locator.type === 'registry' ? `urn:cnb:registry:${locator.id}@${locator.version ?? ''}` : locator.type === 'url' ? locator.url : `docker://${locator.reference}`
}

async function readOne(locator: ExternalLocator, base: string, reading: ModuleReading, remote: RemoteModules, context: Context): Promise<FoundModules> {
  const packageOf = async (reference: string): Promise<FoundModules> => {
    return { modules: readPackage(await remote.image(reference, reading, context), reading, context), dependencies: [], directory: base }
  }
  switch (locator.type) {
    case 'path':
      return readModules(resolve(base, locator.path), reading, context)
    case 'url': {
      return remote.download(locator.url, (path) => readModules(path, { ...reading, name: shownAddress(locator.url) }, context), context)
    }
    case 'image':
      return packageOf(locator.reference).catch((error: unknown) => fail(error, locator.reference, locator, context))
    case 'registry':
      return remote.address(locator, context).then(packageOf).catch((error: unknown) => fail(error, locator.id, locator, context)).then((found) => {
        compareEntry(locator, found, context)
        return found
      })
  }
}

/** Warns of an entry of a registry if its image contains another buildpack. */
function compareEntry({ id, version }: RegistryLocator, { modules: [main] }: FoundModules, { events }: Context): void {
  const info = main?.descriptor.info
  if (!info || (info.id === id && (version === undefined || info.version === version))) return
  events?.({ type: 'warning', message: `the entry '${formatEntry({ id, version })}' of the buildpack registry is the package ${main.origin}, which contains '${formatEntry(info)}'` })
}

/** The codes of errors that may be due to a wrong name. */
const MISSING = new Set<string>(['CNB_BUILDPACK_NOT_FOUND', 'CNB_DOWNLOAD_FAILED', 'CNB_IMAGE_NOT_FOUND', 'CNB_REGISTRY_DENIED', 'CNB_REGISTRY_UNREACHABLE'])

/** Throws the error; for a name without a scheme, with what else the name could have been. */
function fail(error: unknown, name: string, { guessed }: ImageLocator | RegistryLocator, { signal }: Context): never {
  if (!guessed || signal?.aborted || !(error instanceof CnbError) || !MISSING.has(error.code)) throw error
  const message = `cannot find buildpack '${name}': it is neither a file or directory nor a buildpack of the builder, and ${error.message}`
  throw new CnbError('CNB_BUILDPACK_NOT_FOUND', message, {
    hint: 'Check the name. Write a path as ./NAME, an image as docker://NAME, and an entry of a registry as urn:cnb:registry:NAME.',
    cause: error,
  })
}

/**
 * Parses a locator where no builder is available: in builder.toml and package.toml.
 * @throws CnbError CNB_USAGE for a module of a builder, and the errors of parseLocator
 */
export async function externalLocator(text: string, base: string): Promise<ExternalLocator> {
  const exists = (path: string): Promise<boolean> => access(resolve(base, path)).then(() => true, () => false)
  const locator = await parseLocator(text, { exists })
  if (locator.type !== 'id' && locator.type !== 'builder-order') return locator
  throw new CnbError('CNB_USAGE', `cannot use '${text}' here: it refers to a builder, which does not exist yet`, {
    hint: 'Use a directory, an archive, docker://IMAGE or urn:cnb:registry:NAMESPACE/NAME.',
  })
}
