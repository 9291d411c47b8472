/** Creates the client for all registries of a run. Loads undici, which is slow: import it on demand. */

import { setMaxListeners } from 'node:events'
import { systemClock, type Clock } from '../base/clock.ts'
import { CnbError } from '../base/errors.ts'
import { decide, type EventSink } from '../base/events.ts'
import { parseReference, type Reference } from '../oci/reference.ts'
import { Dispatchers } from './transport/dispatchers.ts'
import type { Keychain } from './auth/keychain.ts'
import { MirroredRepository, mirrorsOf, type MirrorListener } from './mirrors.ts'
import { isUntrustedCertificate } from './registry-errors.ts'
import { RegistryHost } from './registry-host.ts'
import type { Access, Registries, Repository } from './registry.ts'
import { RemotePath } from './remote-path.ts'
import { RemoteRepository } from './remote-repository.ts'
import { undiciExchange } from './transport/undici-exchange.ts'

/** Concurrent requests per host. */
const CONCURRENCY = 8

export interface RegistriesOptions {
  readonly keychain: Keychain
  /** Hosts, with optional port, with unverified certificates or plain HTTP. */
  readonly insecure: readonly string[]
  /** Mirrors by registry, or `*` for all others: hosts with an optional path, tried first for reads. */
  readonly mirrors: Readonly<Record<string, readonly string[]>>
  /** PEM certificates to trust in addition to the system's. */
  readonly ca?: readonly Buffer[]
  /** For proxies (`HTTPS_PROXY`, `NO_PROXY`, …) and certificates (`SSL_CERT_FILE`, `SSL_CERT_DIR`). */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly userAgent: string
  /** Receives warnings of registries, each once, and of failing mirrors. */
  readonly warn?: (message: string) => void
  /** Receives a span for each exchange, and the mirrors that are used. */
  readonly events?: EventSink
  /** Concurrent requests per host; default 8. */
  readonly concurrency?: number
  /** The clock for pauses and token expiry; default: the system's. */
  readonly clock?: Clock
}

/**
 * Creates the client; connections are opened on demand.
 * @throws CnbError CNB_USAGE for an invalid certificate, or an unusable proxy in `env`
 */
export function openRegistries(options: RegistriesOptions): Registries {
  const { keychain, userAgent, clock = systemClock } = options
  const insecure = new Set(options.insecure.map((host) => host.toLowerCase()))
  const isInsecure = (host: string): boolean => insecure.has(host.toLowerCase())
  const dispatchers = new Dispatchers({ env: options.env, ca: options.ca ?? [], isInsecure })
  const exchange = undiciExchange((origin) => dispatchers.for(origin), options.concurrency ?? CONCURRENCY, options.events)
  const closing = new AbortController()
  // Many concurrent pings and token requests listen to it.
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
    closing.abort(new CnbError('CNB_INTERRUPTED', 'the connections to registries were closed'))
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
    async ping(host, context = {}) {
      try {
        return await hostOf(host).ping(context)
      } catch (error) {
        if (!(error instanceof CnbError) || !isUntrustedCertificate(error.cause)) throw error
        const certificate = await dispatchers.certificateOf(host).catch(() => undefined)
        throw certificate === undefined ? error : error.withMessage(`${error.message} (${certificate})`)
      }
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
