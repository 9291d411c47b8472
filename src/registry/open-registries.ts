/** Makes the client for all registries of a run. Loads undici, which takes its time: import it when it is needed. */

import { systemClock, type Clock } from '../base/clock.ts'
import { parseReference, type Reference } from '../oci/reference.ts'
import { Dispatchers } from './dispatchers.ts'
import type { Exchange } from './http.ts'
import type { Keychain } from './keychain.ts'
import { MirroredRepository, mirrorsOf } from './mirrors.ts'
import { RegistryHost, type HostOptions } from './registry-host.ts'
import type { Access, Registries, Repository } from './registry.ts'
import { RemotePath } from './remote-path.ts'
import { RemoteRepository } from './remote-repository.ts'
import { undiciExchange } from './undici-exchange.ts'

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
  /** Requests to one host at once; 8 when absent. */
  readonly concurrency?: number
}

/** Opens no connection before something is asked. */
export function openRegistries(options: RegistriesOptions): Registries {
  const insecure = new Set(options.insecure.map((host) => host.toLowerCase()))
  const isInsecure = (host: string): boolean => insecure.has(host.toLowerCase())
  const dispatchers = new Dispatchers({ env: options.env, ca: options.ca ?? [], isInsecure })
  const exchange = undiciExchange((url) => dispatchers.for(url), options.concurrency ?? CONCURRENCY)
  return registriesOver(exchange, { ...options, isInsecure, clock: systemClock, close: () => dispatchers.close() })
}

/** The same over any way to do HTTP. */
export function registriesOver(
  exchange: Exchange,
  options: Pick<RegistriesOptions, 'keychain' | 'mirrors' | 'userAgent' | 'warn'> & Pick<HostOptions, 'isInsecure'> & { clock: Clock; close?: () => Promise<void> },
): Registries {
  const closing = new AbortController()
  const hosts = new Map<string, RegistryHost>()
  const told = new Set<string>()
  const warn = (message: string): void => {
    if (!told.has(message)) options.warn?.(message)
    told.add(message)
  }
  const hostOf = (name: string): RegistryHost => {
    const host = hosts.get(name) ?? new RegistryHost(name, { ...options, exchange, warn, closing: closing.signal })
    hosts.set(name, host)
    return host
  }
  const close = async (): Promise<void> => {
    closing.abort()
    await options.close?.()
  }
  return {
    repository(reference: Reference | string, access: Access = 'pull'): Repository {
      const { registry, repository } = typeof reference === 'string' ? parseReference(reference) : reference
      const own = new RemoteRepository(new RemotePath(hostOf(registry), repository, access))
      const mirrors = access === 'pull' ? mirrorsOf(registry, options.mirrors) : []
      if (mirrors.length === 0) return own
      const copies = mirrors.map(({ host, path }) => new RemoteRepository(new RemotePath(hostOf(host), path + repository, access)))
      return new MirroredRepository(own, copies, warn)
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
