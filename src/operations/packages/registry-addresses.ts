/** Finds the images of entries of a buildpack registry. */

import type { Context } from '../../base/events.ts'
import { once } from '../../base/once.ts'
import type { RegistryLocator } from '../../buildpacks/locator.ts'
import type { BuildpackRegistries } from '../../buildpacks/registry/buildpack-registries.ts'
import type { BuildpackRegistry } from '../../buildpacks/registry/index-repository.ts'
import type { PullPolicy } from '../../images/find/find-image.ts'
import type { DownloadSession } from '../downloads.ts'
import type { Host } from '../services.ts'

export interface AddressServices {
  readonly policy: PullPolicy
  /** The cache of downloads, with the clones of registries. */
  readonly downloads: DownloadSession
  readonly host: Host
  /** Returns the buildpack registry; called only for an entry of one. */
  readonly registry: () => BuildpackRegistry
}

/** Returns a function that looks up the image of an entry, with its digest. The registry is refreshed once. */
export function registryAddresses({ policy, downloads, host, registry }: AddressServices): (entry: RegistryLocator, context: Context) => Promise<string> {
  const open = once(async (): Promise<BuildpackRegistries> => {
    const { BuildpackRegistries } = await import('../../buildpacks/registry/buildpack-registries.ts')
    return new BuildpackRegistries({ cache: downloads.cache, env: host.env }, policy)
  })
  return async ({ id, version }, context) => {
    const found = await (await open()).resolve(registry(), { id, ...(version === undefined ? {} : { version }) }, context)
    return found.reference
  }
}
