/** The options and dependencies of a reconciliation. */

import type { Context } from '../../base/events.ts'
import type { Place } from '../../reconcile/changes/own-changes.ts'
import type { ContentCache } from '../../registry/download/content-cache.ts'
import type { Sources } from '../../sources/sources.ts'
import type { Store } from '../../state/store.ts'
import type { BuildOptions } from '../build/build-options.ts'
import type { BuildResult } from '../build/build-result.ts'
import type { RegistryOptions } from '../config/registry-settings.ts'
import type { EngineServices, RegistryServices } from '../services.ts'
import type { Accounts } from './accounts.ts'
import type { Resources } from './resources.ts'
import type { SigningKeys } from './signing/account-keys.ts'

export interface ReconcileOptions extends RegistryOptions {
  /** Decides, and makes builders, exactly as kpack does. */
  readonly kpackCompatible?: boolean
  /** Where builders and images are saved; default: registries, as kpack. */
  readonly to?: Place
  /** Builds at the same time. */
  readonly maxParallel?: number
  /** The network of the build containers. */
  readonly network?: string
  /** Stores the provenance of each image that is built. */
  readonly slsa?: boolean
  /** Changes nothing outside of the memory. */
  readonly isPlan?: boolean
}

/** Builds an image, as the operation `build`. */
export type BuildImage = (options: BuildOptions, services: EngineServices & RegistryServices, context: Context) => Promise<Pick<BuildResult, 'id'>>

/** What all steps of a reconciliation share. */
export interface ReconcileScope {
  readonly store: Store
  readonly resources: Resources
  readonly accounts: Accounts
  readonly signingKeys: SigningKeys
  readonly sources: Sources
  readonly services: RegistryServices
  /** Connects to the engine on first use: only a build needs it. */
  readonly engine: () => Promise<EngineServices>
  readonly build: BuildImage
  readonly cache: ContentCache
  readonly options: ReconcileOptions
  readonly now: () => Date
}
