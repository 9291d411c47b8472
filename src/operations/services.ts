/** What operations need from outside; main.ts makes them once, tests make their own. */

import type { Engine, PullOptions } from '../docker/engine.ts'
import type { Platform } from '../oci/platform.ts'
import type { Registries } from '../registry/registry.ts'

/** The parts of the process's environment that operations depend on, handed in so that nothing below main reads it. */
export interface Host {
  /** The environment variables: for `--env NAME`, proxies and PACK_VOLUME_KEY. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** The directory that relative paths start from. */
  readonly cwd: string
  /** The user's home directory. */
  readonly home: string
}

/** How registries are reached. */
export interface RegistrySettings {
  readonly insecure: readonly string[]
  /** By registry, or `*`. */
  readonly mirrors: Readonly<Record<string, readonly string[]>>
  /** Certificates in PEM. */
  readonly ca: readonly Buffer[]
  /** Requests to one registry at once, where not the client's own number. */
  readonly concurrency?: number
}

/** What an operation needs that has to do with registries only. */
export interface RegistryServices {
  readonly host: Host
  /** What this machine runs in containers: which image of an index is meant when nobody says. */
  readonly platform: Platform
  /** The client for all registries, closed when the command has ended. */
  readonly registries: (settings: RegistrySettings) => Promise<Registries>
}

export interface EngineServices {
  readonly engine: Engine
  readonly host: Host
  /** The owner label's value for all that this run creates on the engine (docker/orphans.ts). */
  readonly owner: string
  /** Removes what killed runs left on the engine; called again it only waits for that. Never fails. */
  readonly sweep: () => Promise<void>
  /** Credentials for pulling from a repository (with its registry), from Docker's configuration; undefined for an anonymous pull. */
  readonly credentials: (repository: string) => Promise<PullOptions['auth']>
}
