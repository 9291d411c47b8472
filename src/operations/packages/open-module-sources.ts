/** Opens the sources of buildpacks and extensions for an operation: engine, registries, downloads, buildpack registries. */

import { moduleSources, type ModuleSources } from '../../buildpacks/module-sources.ts'
import type { BuildpackRegistries } from '../../buildpacks/registry/buildpack-registries.ts'
import type { BuildpackRegistry } from '../../buildpacks/registry/index-repository.ts'
import type { PullPolicy } from '../../images/find/find-image.ts'
import type { ImageSource } from '../../images/image.ts'
import type { Platform } from '../../oci/platform.ts'
import type { Registries } from '../../registry/registry.ts'
import type { DownloadSession } from '../downloads.ts'
import type { Host } from '../services.ts'
import { findPackage } from './find-package.ts'

export interface ModuleServices {
  /** The engine's images, with readable layers until the modules have been used; undefined without an engine. */
  readonly engine: ImageSource | undefined
  /** Returns the registry client; called only if a module is in a registry. */
  readonly registries: () => Promise<Registries>
  readonly policy: PullPolicy
  /** The cache of downloads; it must stay open until the modules have been used. */
  readonly downloads: DownloadSession
  readonly host: Host
  /** Returns the buildpack registry; called only for an entry of one. */
  readonly registry: () => BuildpackRegistry
}

/** Returns the sources. Nothing is opened before the first module is read. */
export function openModuleSources({ engine, registries, policy, downloads, host, registry }: ModuleServices): ModuleSources {
  const { cache } = downloads
  let opened: Promise<Registries> | undefined
  let indexes: BuildpackRegistries | undefined
  const images = (platform: Platform): ImageSource => ({
    find: async (name, context) => {
      const [{ openRegistryImages }, { cachedContent }] = await Promise.all([
        import('../../images/remote/registry-source.ts'),
        import('../../images/remote/cached-content.ts'),
      ])
      const source = openRegistryImages(await (opened ??= registries()), platform, (content) => cachedContent(content, cache, policy))
      return source.find(name, context)
    },
  })
  return moduleSources({
    image: (reference, { platform }, context) => findPackage(reference, policy, { engine, registry: images(platform) }, context),
    download: async (url, context) => (await downloads.download(url, policy, context)).path,
    address: async ({ id, version }, context) => {
      if (!indexes) {
        const { BuildpackRegistries } = await import('../../buildpacks/registry/buildpack-registries.ts')
        indexes = new BuildpackRegistries({ cache, env: host.env }, policy)
      }
      return (await indexes.resolve(registry(), { id, ...(version === undefined ? {} : { version }) }, context)).reference
    },
  })
}
