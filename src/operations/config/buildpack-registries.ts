/** The buildpack registries of the configuration file, with the rules of pack. */

import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { gitAddress, withoutLogin } from '../../git/git-address.ts'
import type { Host } from '../services.ts'
import { readConfig } from './config-file.ts'
import type { Config, RegistryEntry } from './config.ts'
import { editConfig } from './edit-config.ts'

/** The registry of the buildpacks project, which is always there. */
const OFFICIAL: RegistryEntry = { name: 'official', type: 'github', url: 'https://github.com/buildpacks/registry-index' }
const TYPES: readonly string[] = ['git', 'github']

export interface ListedRegistry extends RegistryEntry {
  readonly default: boolean
}

/** Returns the registries of the configuration file, and the official registry last. */
function registriesOf(config: Pick<Config, 'registries' | 'defaultRegistry'>): ListedRegistry[] {
  const isDefault = (name: string): boolean => name === (config.defaultRegistry ?? OFFICIAL.name)
  return [...config.registries, OFFICIAL].map((registry) => ({ ...registry, default: isDefault(registry.name) }))
}

/**
 * Returns the registry with the name; without a name, the default.
 * @throws CnbError CNB_USAGE if the configuration file does not have it
 */
export function findRegistry(config: Pick<Config, 'registries' | 'defaultRegistry'>, name: string | undefined): RegistryEntry {
  const all = registriesOf(config)
  const found = all.find((registry) => (name ? registry.name === name : registry.default))
  if (found) return found
  throw unknown(name ?? config.defaultRegistry ?? '', all)
}

function unknown(name: string, all: readonly RegistryEntry[]): CnbError {
  return new CnbError('CNB_USAGE', `the configuration file has no buildpack registry '${name}'`, {
    hint: `Use one of: ${all.map((registry) => registry.name).join(', ')}; or add it with 'cnb config registries add'.`,
  })
}

/** Lists the registries, without the user and password of addresses. @throws CnbError CNB_DESCRIPTOR_INVALID */
export async function listRegistries(host: Host, context: Context): Promise<ListedRegistry[]> {
  return registriesOf(await readConfig(host, context)).map((registry) => ({ ...registry, url: withoutLogin(registry.url) }))
}

/**
 * Adds a registry to the configuration file. Returns it as listRegistries does.
 * @param setDefault whether it becomes the default
 * @throws CnbError CNB_USAGE for a name that is taken, an unknown type or an address that git cannot use; CNB_DESCRIPTOR_INVALID, CNB_OUTPUT
 */
export async function addRegistry(entry: RegistryEntry, setDefault: boolean, host: Host, context: Context): Promise<ListedRegistry> {
  const { name, type, url } = entry
  if (name.trim() === '') throw new CnbError('CNB_USAGE', 'the name of the buildpack registry is empty')
  if (!TYPES.includes(type)) throw new CnbError('CNB_USAGE', `'${type}' is not a type of buildpack registry`, { hint: `Use one of: ${TYPES.join(', ')}.` })
  gitAddress(url)
  if (registriesOf(await readConfig(host, context)).some((registry) => registry.name === name)) {
    throw new CnbError('CNB_USAGE', `the buildpack registry '${name}' already exists`, { hint: 'Use another name, or remove the registry first.' })
  }
  await editConfig(host, (document) => {
    if (setDefault) document.set(['default-registry'], name)
    document.add('registries', { name, type, url })
  }, context)
  return { ...entry, url: withoutLogin(url), default: setDefault }
}

/** Removes a registry from the configuration file. If it was the default, the official registry is. @throws CnbError as addRegistry */
export async function removeRegistry(name: string, host: Host, context: Context): Promise<void> {
  if (name === OFFICIAL.name) throw new CnbError('CNB_USAGE', `cannot remove the buildpack registry '${name}': it is built in`, { hint: 'Set another default instead.' })
  await editConfig(host, (document) => {
    const index = document.tables('registries').findIndex((table) => table.name === name)
    if (index === -1) throw new CnbError('CNB_USAGE', `the buildpack registry '${name}' does not exist`, { hint: "List the registries with 'cnb config registries list'." })
    document.remove('registries', index)
    if (document.value('default-registry') === name) document.set(['default-registry'], OFFICIAL.name)
  }, context)
}

/** Sets the default registry. @throws CnbError CNB_USAGE for an unknown registry, CNB_DESCRIPTOR_INVALID, CNB_OUTPUT */
export async function setDefaultRegistry(name: string, host: Host, context: Context): Promise<void> {
  findRegistry(await readConfig(host, context), name)
  await editConfig(host, (document) => document.set(['default-registry'], name), context)
}

/** Makes the official registry the default. @returns the previous default @throws CnbError CNB_USAGE if it is the default already */
export async function unsetDefaultRegistry(host: Host, context: Context): Promise<string> {
  const { defaultRegistry } = await readConfig(host, context)
  if (!defaultRegistry || defaultRegistry === OFFICIAL.name) {
    throw new CnbError('CNB_USAGE', `cannot unset the default buildpack registry: it is '${OFFICIAL.name}' already`, {
      hint: "Set another default with 'cnb config registries default'.",
    })
  }
  await editConfig(host, (document) => document.unset(['default-registry']), context)
  return defaultRegistry
}
