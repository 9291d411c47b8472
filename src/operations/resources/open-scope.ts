/** Opens the dependencies of a reconciliation. */

import type { Context } from '../../base/events.ts'
import { removeAbandonedDirectories } from '../../base/processes/abandoned-directories.ts'
import { GitShells } from '../../git/git-shells.ts'
import { Sources } from '../../sources/sources.ts'
import type { Store } from '../../state/store.ts'
import { readConfig } from '../config/config-file.ts'
import { registrySettings } from '../config/registry-settings.ts'
import { readCertificates } from '../config/user-files.ts'
import { openDownloadSession } from '../downloads.ts'
import type { EngineServices, RegistryServices } from '../services.ts'
import { Accounts } from './accounts.ts'
import type { BuildImage, ReconcileOptions, ReconcileScope } from './scope.ts'
import type { Resources } from './resources.ts'
import { SigningKeys } from './signing/account-keys.ts'

export interface ScopeOptions extends ReconcileOptions {
  /** Whether git may use this user's own credentials for remotes without a Secret. */
  readonly localCredentials?: boolean
}

export interface ScopeServices {
  readonly remote: RegistryServices
  readonly engine: () => Promise<EngineServices>
  /** Default: the operation `build`. */
  readonly build?: BuildImage
}

/** Disposal closes the downloads, and ends git; the connections belong to the command. */
export interface OpenScope extends ReconcileScope, AsyncDisposable {
  /** Returns the sources of another round. */
  readonly newSources: () => Sources
}

/** Loads the operation with the first build: most runs build nothing. */
const buildLater: BuildImage = async (...args) => (await import('../build/build.ts')).build(...args)

export async function openScope(options: ScopeOptions, store: Store, resources: Resources, { remote, engine, build = buildLater }: ScopeServices, context: Context): Promise<OpenScope> {
  const { host, platform } = remote
  // Fetches of sources leave directories after `kill -9`.
  await removeAbandonedDirectories()
  const [certificates, config] = [await readCertificates(options.caCerts ?? [], host, context), await readConfig(host, context)]
  const settings = registrySettings(options, config, certificates)
  const downloads = openDownloadSession(host, config, settings, context)
  const accounts = new Accounts(resources, remote, settings, context)
  const shells = new GitShells()
  const newSources = (): Sources => new Sources({
    env: host.env,
    ca: settings.ca,
    platform,
    downloads: downloads.open,
    git: shells.run,
    registries: (keychain) => accounts.registries(keychain),
    useLocalCredentials: options.localCredentials ?? false,
  })
  return {
    store, resources, accounts, signingKeys: new SigningKeys(resources), newSources, sources: newSources(), services: remote, engine, build, options,
    cache: downloads.cache,
    failures: new Map(),
    made: new Map(),
    seen: new Map(),
    now: () => new Date(),
    async [Symbol.asyncDispose]() {
      shells[Symbol.dispose]()
      await downloads[Symbol.asyncDispose]()
    },
  }
}
