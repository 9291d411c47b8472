/** The options and dependencies of a reconciliation. */

import { toCnbError, type CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import type { Place } from '../../reconcile/changes/own-changes.ts'
import { resourceId } from '../../reconcile/state.ts'
import type { ContentCache } from '../../registry/download/content-cache.ts'
import type { Registries } from '../../registry/registry.ts'
import type { AnyResource } from '../../resources/kind.ts'
import type { Sources } from '../../sources/sources.ts'
import type { Store } from '../../state/store.ts'
import type { BuildOptions } from '../build/build-options.ts'
import type { BuildResult } from '../build/build-result.ts'
import type { RegistryOptions } from '../config/registry-settings.ts'
import type { RemoteRebaser } from '../rebase/remote-rebaser.ts'
import type { EngineServices, RegistryServices } from '../services.ts'
import type { Accounts } from './accounts.ts'
import type { SeenImage } from './builders/resource-images.ts'
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

/** What failed for a resource, and why. */
export interface Failure {
  readonly resource: AnyResource
  /** Such as `build` or `resolve the source of`. */
  readonly verb: string
  readonly cause: CnbError
}

/** How an Image or a builder gets its image. */
export type Making = 'build' | 'rebase' | 'retag' | 'publish' | 'save'

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
  /** The rebasers of one round, by their clients: images with one run image read it once. */
  readonly rebasers?: Map<Registries, RemoteRebaser>
  /** The images that resources name, as they were found last. */
  readonly seen: Map<string, SeenImage>
  /** The resources that failed in this run, by their ids. Their conditions have kpack's texts, without hints and codes. */
  readonly failures: Map<string, Failure>
  /** What this run makes, by the ids of the resources. */
  readonly made: Map<string, Making>
  readonly options: ReconcileOptions
  readonly now: () => Date
}

/** Records that a resource failed. @returns the cause, for the resource's condition */
export function recordFailure({ failures }: Pick<ReconcileScope, 'failures'>, verb: string, resource: AnyResource, error: unknown): CnbError {
  const cause = toCnbError(error)
  failures.set(resourceId(resource), { resource, verb, cause })
  return cause
}
