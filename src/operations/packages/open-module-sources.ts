/** Opens the sources of modules for an operation: engine, registries, downloads, buildpack registries. */

import { once } from '../../base/once.ts'
import { moduleSources, type ModuleSources } from '../../buildpacks/module-sources.ts'
import type { ImageSource } from '../../images/image.ts'
import type { Platform } from '../../oci/platform.ts'
import type { Registries } from '../../registry/registry.ts'
import { findPackage } from './find-package.ts'
import { registryAddresses, type AddressServices } from './registry-addresses.ts'

export interface ModuleServices extends AddressServices {
  /** The engine's images, with readable layers until the modules have been used; undefined without an engine. */
  readonly engine: ImageSource | undefined
  /** Returns the registry client; called only if a module is in a registry, and not in the cache. */
  readonly registries: () => Promise<Registries>
}

/** Returns the sources. Nothing is opened before the first module is read. */
export function openModuleSources({ engine, registries, policy, downloads, host, registry }: ModuleServices): ModuleSources {
  const { cache } = downloads
  const openRegistries = once(registries)
  const images = (platform: Platform): ImageSource => ({
    find: async (name, context) => {
      const [{ onDemand, openRegistryImages }, { cachedContent }] = await Promise.all([
        import('../../images/remote/registry-source.ts'),
        import('../../images/remote/cached-content.ts'),
      ])
      const source = openRegistryImages(onDemand(openRegistries), platform, (content) => cachedContent(content, cache, policy))
      return source.find(name, context)
    },
  })
  return moduleSources({
    image: (reference, { platform }, context) => findPackage(reference, policy, { engine, registry: images(platform) }, context),
    download: (url, read, context) => downloads.read(url, policy, context, ({ path }) => read(path)),
    address: registryAddresses({ policy, downloads, host, registry }),
  })
}
