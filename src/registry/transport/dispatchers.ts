/** undici's dispatchers, with persistent connections, directly or through a proxy. */

import { setMaxListeners } from 'node:events'
import type { Socket } from 'node:net'
import type { Certificate, TLSSocket } from 'node:tls'
import { Agent, type buildConnector, type Dispatcher } from 'undici'
import { checkCertificates } from './certificates.ts'
import { singleLine } from '../registry-errors.ts'
import { Connectors } from './connectors.ts'
import { readProxies, type Proxy } from './proxies.ts'

export interface DispatcherOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  /** PEM certificates to trust in addition to the system's. */
  readonly ca: readonly Buffer[]
  /** Whether to accept any certificate of `host[:port]`. */
  readonly isInsecure: (host: string) => boolean
}

/** The route for requests to an origin. */
export interface Route {
  readonly dispatcher: Dispatcher
  /** The proxy that receives plain HTTP requests instead of the origin; for TLS, proxies are used through tunnels. */
  readonly proxy?: Proxy
}

const KEEP_ALIVE_MS = 15_000

/** Selects the connections for each origin. */
export class Dispatchers {
  readonly #isInsecure: (host: string) => boolean
  readonly #proxyFor: (url: URL) => Proxy | undefined
  readonly #connectors: Connectors
  readonly #closing = new AbortController()
  readonly #made = new Map<string, Agent>()

  /** @throws CnbError CNB_USAGE for an invalid certificate, or an unusable proxy */
  constructor({ env, ca, isInsecure }: DispatcherOptions) {
    checkCertificates(ca)
    // Each connection listens to it.
    setMaxListeners(0, this.#closing.signal)
    this.#isInsecure = isInsecure
    this.#proxyFor = readProxies(env)
    this.#connectors = new Connectors({ ca, env, proxyFor: this.#proxyFor, closing: this.#closing.signal })
  }

  /** @param origin such as `https://registry.example:5000` */
  for(origin: string): Route {
    const url = new URL(origin)
    const proxy = url.protocol === 'http:' ? this.#proxyFor(url) : undefined
    if (proxy) return { proxy, dispatcher: this.#agent('proxy', () => this.#connectors.toProxy(proxy)) }
    const insecure = this.#isInsecure(url.host)
    return { dispatcher: this.#agent(insecure ? 'insecure' : 'checked', () => this.#connectors.toRegistries(insecure)) }
  }

  /** Describes the certificate of a host, trusted or not: `certificate of 'a', issued by 'b', valid until 2026-01-31`. */
  async certificateOf(host: string): Promise<string> {
    const { hostname, port } = new URL(`https://${host}`)
    const connect = this.#connectors.toRegistries(true)
    const socket = await new Promise<Socket>((resolve, reject) => {
      connect({ hostname, host, protocol: 'https:', port }, (error, found) => (error ? reject(error) : resolve(found)))
    })
    const { subject, issuer, valid_to: end } = (socket as TLSSocket).getPeerCertificate()
    socket.destroy()
    const nameOf = ({ CN, O }: Certificate): string => singleLine([CN ?? O ?? ''].flat().join(' '))
    return `certificate of '${nameOf(subject)}', issued by '${nameOf(issuer)}', valid until ${new Date(end).toISOString().slice(0, 10)}`
  }

  /** Aborts running requests. */
  async close(): Promise<void> {
    this.#closing.abort()
    await Promise.all([...this.#made.values()].map((agent) => agent.destroy()))
  }

  #agent(key: string, makeConnector: () => buildConnector.connector): Agent {
    const agent = this.#made.get(key) ?? new Agent({ connect: makeConnector(), keepAliveTimeout: KEEP_ALIVE_MS })
    this.#made.set(key, agent)
    return agent
  }
}
