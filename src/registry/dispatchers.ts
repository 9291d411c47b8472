/** Undici's connections: kept open, through proxies where the environment says so, with the certificates that are trusted. */

import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls'
import { Agent, buildConnector, EnvHttpProxyAgent, type Dispatcher } from 'undici'
import { CnbError } from '../base/errors.ts'
import { checkCertificates, extraCertificates, registryCertificates } from './certificates.ts'
import { isUntrustedCertificate } from './errors.ts'
import { isLoopback } from './target.ts'

type Environment = Readonly<Record<string, string | undefined>>

export interface DispatcherOptions {
  readonly env: Environment
  /** Certificates in PEM, trusted beside the system's. */
  readonly ca: readonly Buffer[]
  /** Whether the certificate of `host[:port]` does not matter. */
  readonly isInsecure: (host: string) => boolean
}

const KEEP_ALIVE_MS = 15_000
const CONNECT_TIMEOUT_MS = 15_000

/** Gives each origin the connections that it may use. */
export class Dispatchers {
  readonly #options: DispatcherOptions
  readonly #made = new Map<string, Promise<Dispatcher>>()
  /** By origin. */
  readonly #chosen = new Map<string, Promise<Dispatcher>>()
  #extra: Promise<string[]> | undefined
  /** By host: the context that its certificate needed beyond Node's own. */
  readonly #contexts = new Map<string, SecureContext>()

  /** @throws CnbError CNB_USAGE for a certificate that is none, or a proxy that is no address */
  constructor(options: DispatcherOptions) {
    this.#options = options
    checkCertificates(options.ca)
    for (const name of PROXIES) checkProxy(name, valueOf(options.env, name))
  }

  /** @param origin such as `https://registry.example:5000` */
  for(origin: string): Promise<Dispatcher> {
    const chosen = this.#chosen.get(origin) ?? this.#choose(new URL(origin))
    this.#chosen.set(origin, chosen)
    return chosen
  }

  #choose(url: URL): Promise<Dispatcher> {
    const proxied = PROXIES.some((name) => valueOf(this.#options.env, name)) && !isLoopback(url)
    const insecure = this.#options.isInsecure(url.host)
    const key = `${proxied ? 'proxied' : 'direct'} ${insecure ? 'insecure' : 'checked'}`
    const made = this.#made.get(key) ?? (proxied ? this.#proxied(insecure) : Promise.resolve(this.#direct(insecure)))
    this.#made.set(key, made)
    return made
  }

  /** Breaks off what is going on. */
  async close(): Promise<void> {
    await Promise.all([...this.#made.values()].map((made) => made.then((dispatcher) => dispatcher.destroy(), () => {})))
  }

  #direct(insecure: boolean): Dispatcher {
    const connect = insecure
      ? buildConnector({ rejectUnauthorized: false, timeout: CONNECT_TIMEOUT_MS })
      : this.#connector()
    return new Agent({ connect, keepAliveTimeout: KEEP_ALIVE_MS })
  }

  /**
   * A context with all certificates takes a tenth of a second to make, and Node's own nothing: so it is made, of what Node lacks,
   * when a certificate is not trusted without it.
   */
  #connector(): buildConnector.connector {
    const plain = buildConnector({ timeout: CONNECT_TIMEOUT_MS })
    const withContext = (secureContext: SecureContext): buildConnector.connector =>
      buildConnector({ timeout: CONNECT_TIMEOUT_MS, secureContext })
    return (options, callback) => {
      const host = options.host ?? options.hostname
      const known = this.#contexts.get(host)
      if (known) return withContext(known)(options, callback)
      return plain(options, (error, socket) => {
        if (!error || !isUntrustedCertificate(error)) return error ? callback(error, null) : callback(null, socket)
        void this.#ownContext(host).then((context) => {
          withContext(context)(options, (again, trusted) => {
            if (again) return callback(again, null)
            this.#contexts.set(host, context)
            callback(null, trusted)
          })
        }, (failed: Error) => callback(failed, null))
      })
    }
  }

  async #ownContext(host: string): Promise<SecureContext> {
    return createSecureContext({ ca: [...(await this.#extraCertificates()), ...(await registryCertificates(host))] })
  }

  #extraCertificates(): Promise<string[]> {
    return (this.#extra ??= extraCertificates(this.#options.ca, this.#options.env))
  }

  /** A proxy's tunnels are made by undici, which takes one context for all. */
  async #proxied(insecure: boolean): Promise<Dispatcher> {
    const { env } = this.#options
    const context = createSecureContext({ ca: [...rootCertificates, ...(await this.#extraCertificates())] })
    const tls = { secureContext: context, timeout: CONNECT_TIMEOUT_MS }
    return new EnvHttpProxyAgent({
      // Empty and not absent: undici would look into the process's own environment.
      httpProxy: valueOf(env, 'http_proxy') ?? '',
      httpsProxy: valueOf(env, 'https_proxy') ?? '',
      noProxy: valueOf(env, 'no_proxy') ?? '',
      proxyTls: tls,
      requestTls: { ...tls, rejectUnauthorized: !insecure },
      connect: insecure ? { rejectUnauthorized: false, timeout: CONNECT_TIMEOUT_MS } : tls,
      // What is plain HTTP is asked of the proxy as of a proxy; many open tunnels to port 443 only.
      proxyTunnel: false,
      keepAliveTimeout: KEEP_ALIVE_MS,
    })
  }
}

const PROXIES = ['http_proxy', 'https_proxy']

/** As everywhere: the name in lower case goes before the one in capitals. */
function valueOf(env: Environment, name: string): string | undefined {
  return env[name] || env[name.toUpperCase()] || undefined
}

function checkProxy(name: string, value: string | undefined): void {
  if (value === undefined || URL.canParse(value)) return
  // The value may have a password in it.
  throw new CnbError('CNB_USAGE', `the environment's ${name.toUpperCase()} is not a URL`, { hint: 'Write it as http://host:port.' })
}
