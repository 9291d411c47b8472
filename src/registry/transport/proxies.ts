/** Proxies of the environment (`HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY`), by the rules of Go's net/http. */

import { CnbError } from '../../base/errors.ts'
import { readNoProxy } from './no-proxy.ts'

type ProxyEnvironment = Readonly<Record<string, string | undefined>>

export interface Proxy {
  readonly url: URL
  /** The environment variable, for messages. */
  readonly variable: string
  /** The value of `Proxy-Authorization`, if the proxy's URL has credentials. */
  readonly authorization: string | undefined
}

/**
 * Reads the environment once. As in Go, a variable in upper case has precedence over one in lower case.
 * @returns a function that returns the proxy for a URL; undefined for a direct connection
 * @throws CnbError CNB_USAGE for an unusable proxy
 */
export function readProxies(env: ProxyEnvironment): (url: URL) => Proxy | undefined {
  const proxies: Record<string, Proxy | undefined> = { 'http:': readProxy('HTTP_PROXY', env), 'https:': readProxy('HTTPS_PROXY', env) }
  const isDirect = readNoProxy(valueOf('NO_PROXY', env).value)
  return (url) => (isDirect(url) ? undefined : proxies[url.protocol])
}

/** Returns a proxy's address for messages, without user and password. */
export function proxyName({ url, variable }: Proxy): string {
  return `${url.origin} (${variable})`
}

function valueOf(name: string, env: ProxyEnvironment): { value: string; variable: string } {
  const variable = [name, name.toLowerCase()].find((each) => env[each]) ?? name
  return { value: env[variable] ?? '', variable }
}

function readProxy(name: string, env: ProxyEnvironment): Proxy | undefined {
  const { value, variable } = valueOf(name, env)
  if (value === '') return undefined
  // As in Go, `host:port` means an HTTP proxy.
  const text = value.includes('://') ? value : `http://${value}`
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url?.hostname) throw unusable(variable, 'it is not a URL')
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw unusable(variable, `the scheme ${url.protocol}// is not supported`)
  return { url, variable, authorization: authorizationOf(url, variable) }
}

function authorizationOf({ username, password }: URL, variable: string): string | undefined {
  if (username === '' && password === '') return undefined
  try {
    return `Basic ${Buffer.from([username, password].map(decodeURIComponent).join(':')).toString('base64')}`
  } catch {
    throw unusable(variable, 'its user or password is not percent-encoded')
  }
}

/** The value is never shown: it may contain a password. */
function unusable(variable: string, why: string): CnbError {
  return new CnbError('CNB_USAGE', `cannot use the proxy in ${variable}: ${why}`, {
    hint: 'Set it to http://host:port or http://user:password@host:port, with special characters in the password percent-encoded.',
  })
}
