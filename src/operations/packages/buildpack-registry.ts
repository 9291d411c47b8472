/** Chooses the buildpack registry of an operation. */

import type { BuildpackRegistry } from '../../buildpacks/registry/index-repository.ts'
import { findRegistry } from '../config/buildpack-registries.ts'
import type { Config } from '../config/config.ts'

/**
 * Returns the registry with the name of --buildpack-registry, or else the configuration file's default, or else the official one.
 * @throws CnbError CNB_USAGE for an unknown name, when the registry is used
 */
export function chooseRegistry(option: string | undefined, config: Pick<Config, 'registries' | 'defaultRegistry'>): () => BuildpackRegistry {
  return () => findRegistry(config, option)
}
