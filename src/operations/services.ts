/** Dependencies of operations: main.ts creates them once per process, tests create fakes. */

import type { Engine, PullOptions } from '../docker/engine.ts'
import type { Platform } from '../oci/platform.ts'
import type { Keychain } from '../registry/auth/keychain.ts'
import type { Registries } from '../registry/registry.ts'

/** The parts of the process's environment that operations use; only main.ts reads the process itself. */
export interface Host {
  /** The environment variables: for `--env NAME`, proxies and PACK_VOLUME_KEY. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** The base directory of relative paths. */
  readonly cwd: string
  /** The user's home directory. */
  readonly home: string
}

/** Settings of the registry client. */
export interface RegistrySettings {
  readonly insecure: readonly string[]
  /** Mirrors by registry, or by `*` for all. */
  readonly mirrors: Readonly<Record<string, readonly string[]>>
  /** Certificates in PEM. */
  readonly ca: readonly Buffer[]
  /** The number of concurrent requests to one registry; default: the client's. */
  readonly concurrency?: number
}

/** The dependencies of operations without an engine. */
export interface RegistryServices {
  readonly host: Host
  /** This machine's platform for containers: the default when an image is selected from an index. */
  readonly platform: Platform
  /** Opens a client for all registries, which is closed at the end of the command. @param keychain default: this user's credentials */
  readonly registries: (settings: RegistrySettings, keychain?: Keychain) => Promise<Registries>
  /** Returns this user's credentials, from Docker's configuration. */
  readonly keychain: () => Promise<Keychain>
}

export interface EngineServices {
  readonly engine: Engine
  readonly host: Host
  /** The value of the owner label on all engine resources of this run (docker/orphans.ts). */
  readonly owner: string
  /** Waits for the removal of the leftovers of killed runs from the engine. Never throws. */
  readonly sweep: () => Promise<void>
  /** Returns the credentials for a pull from a repository (with registry), from Docker's configuration. Returns undefined for an anonymous pull. */
  readonly credentials: (repository: string) => Promise<PullOptions['auth']>
}
