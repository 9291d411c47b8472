/** Chooses the buildpack registry of an operation. */

import { CnbError } from '../../base/errors.ts'
import type { BuildpackRegistry } from '../../buildpacks/registry/index-repository.ts'
import type { Config } from '../config/config.ts'

/** The registry that exists without configuration, as in pack. */
const OFFICIAL: BuildpackRegistry = { name: 'official', url: 'https://github.com/buildpacks/registry-index' }

/**
 * Returns the registry with the name of --buildpack-registry, or else the configuration file's default, or else the official one.
 * @throws CnbError CNB_USAGE for an unknown name, when the registry is used
 */
export function chooseRegistry(option: string | undefined, { registries, defaultRegistry }: Pick<Config, 'registries' | 'defaultRegistry'>): () => BuildpackRegistry {
  const name = option ?? defaultRegistry ?? OFFICIAL.name
  return () => {
    const found = name === OFFICIAL.name ? OFFICIAL : registries.find((registry) => registry.name === name)
    if (found) return found
    throw new CnbError('CNB_USAGE', `the configuration file has no buildpack registry '${name}'`, {
      hint: `Use one of: ${[OFFICIAL, ...registries].map((registry) => registry.name).join(', ')}; or add it with 'cnb config registries add'.`,
    })
  }
}
