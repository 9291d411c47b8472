/** Opens the sources of buildpacks and extensions for an operation: engine, registries, downloads. */

import { CnbError } from '../../base/errors.ts'
import { moduleSources, type ModuleSources } from '../../buildpacks/module-sources.ts'
import type { PullPolicy } from '../../images/find/find-image.ts'
import type { ImageSource } from '../../images/image.ts'
import type { Registries } from '../../registry/registry.ts'
import { findPackage } from './find-package.ts'

export interface ModuleServices {
  /** The engine's images, with readable layers until the modules have been used; undefined without an engine. */
  readonly engine: ImageSource | undefined
  /** Returns the registry client; called only if a module is in a registry. */
  readonly registries: () => Promise<Registries>
  readonly policy: PullPolicy
}

/** Returns the sources. Nothing is opened before the first module is read. */
export function openModuleSources({ engine, registries, policy }: ModuleServices): ModuleSources {
  let opened: Promise<Registries> | undefined
  return moduleSources({
    image: (reference, { platform }, context) => {
      const registry: ImageSource = {
        find: async (name, finding) => {
          const { openRegistryImages } = await import('../../images/remote/registry-source.ts')
          return openRegistryImages(await (opened ??= registries()), platform).find(name, finding)
        },
      }
      return findPackage(reference, policy, { engine, registry }, context)
    },
    download: (url) => Promise.reject(unsupported(`'${url}'`)),
    address: ({ id }) => Promise.reject(unsupported(`the registry entry '${id}'`)),
  })
}

function unsupported(what: string): CnbError {
  return new CnbError('CNB_UNSUPPORTED', `cannot read ${what}: this version of cnb does not download it`, {
    hint: 'Download it, and pass the directory, or the .tar, .tgz or .cnb file.',
  })
}
