/** Makes the client for all registries of a run. Loads undici, which takes its time: import it when it is needed. */

import { setMaxListeners } from 'node:events'
import { systemClock, type Clock } from '../base/clock.ts'
import { CnbError } from '../base/errors.ts'
import { decide, type EventSink } from '../base/events.ts'
import { parseReference, type Reference } from '../oci/reference.ts'
import { Dispatchers } from './transport/dispatchers.ts'
import type { Keychain } from './auth/keychain.ts'
import { MirroredRepository, mirrorsOf, type MirrorListener } from './mirrors.ts'
import { RegistryHost } from './registry-host.ts'
import type { Access, Registries, Repository } from './registry.ts'
import { RemotePath } from './remote-path.ts'
import { RemoteRepository } from './remote-repository.ts'
import { undiciExchange } from './transport/undici-exchange.ts'

/** Requests to one host at once. */
const CONCURRENCY = 8

export interface RegistriesOptions {
  readonly keychain: Keychain
  /** Hosts, with port if any, whose certificate does not matter, and which may speak plain HTTP. */
  readonly insecure: readonly string[]
  /** By registry, or `*` for those that are not named: hosts, with a path if any, to be asked first when something is read. */
  readonly mirrors: Readonly<Record<string, readonly string[]>>
  /** Certificates in PEM that are trusted beside the system's. */
  readonly ca?: readonly Buffer[]
  /** For proxies (`HTTPS_PROXY`, `NO_PROXY`, …) and certificates (`SSL_CERT_FILE`, `SSL_CERT_DIR`). */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly userAgent: string
  /** Hears what registries warn of, each once, and of mirrors that do not work. */
  readonly warn?: (message: string) => void
  /** Gets a span for each exchange, and which mirrors are read from. */
  readonly events?: EventSink
  /** Requests to one host at once; 8 when absent. */
  readonly concurrency?: number
  /** Time, for pauses and tokens; the system's when absent. */
  readonly clock?: Clock
}

/**
 * Opens no connection before something is asked.
 * @throws CnbError CNB_USAGE for a certificate that is none, or a proxy in `env` that cannot be used
 */
export function openRegistries(options: RegistriesOptions): Registries {
  const { keychain, userAgent, clock = systemClock } = options
  const insecure = new Set(options.insecure.map((host) => host.toLowerCase()))
  const isInsecure = (host: string): boolean => insecure.has(host.toLowerCase())
  const dispatchers = new Dispatchers({ env: options.env, ca: options.ca ?? [], isInsecure })
  const exchange = undiciExchange((origin) => dispatchers.for(origin), options.concurrency ?? CONCURRENCY, options.events)
  const closing = new AbortController()
  // Pings and tokens of many hosts and repositories wait for it at once.
  setMaxListeners(0, closing.signal)
  const hosts = new Map<string, RegistryHost>()
  const told = new Set<string>()
  const warn = (message: string): void => {
    if (!told.has(message)) options.warn?.(message)
    told.add(message)
  }
  const tried = new Set<string>()
  const onMirror: MirrorListener = (mirror, outcome, reason) => {
    const key = `${mirror} ${outcome}`
    if (!tried.has(key)) decide(options, { kind: 'mirror', name: mirror }, outcome, reason)
    tried.add(key)
  }
  const shared = { keychain, userAgent, clock, isInsecure, exchange, warn, closing: closing.signal }
  const hostOf = (name: string): RegistryHost => {
    const host = hosts.get(name) ?? new RegistryHost(name, shared)
    hosts.set(name, host)
    return host
  }
  const close = async (): Promise<void> => {
    closing.abort(new CnbError('CNB_INTERRUPTED', 'the connections to registries have been closed'))
    await dispatchers.close()
  }
  return {
    repository(reference: Reference | string, access: Access = 'pull'): Repository {
      const { registry, repository } = typeof reference === 'string' ? parseReference(reference) : reference
      const own = new RemoteRepository(new RemotePath(hostOf(registry), repository, access))
      const mirrors = access === 'pull' ? mirrorsOf(registry, options.mirrors) : []
      if (mirrors.length === 0) return own
      const copies = mirrors.map(({ host, path }) => new RemoteRepository(new RemotePath(hostOf(host), path + repository, access)))
      return new MirroredRepository(own, copies, { warn, onMirror })
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
