/** The proxies that the environment names (`HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY`), by the rules of Go's net/http. */

import { CnbError } from '../../base/errors.ts'
import { readNoProxy } from './no-proxy.ts'

type Environment = Readonly<Record<string, string | undefined>>

export interface Proxy {
  readonly url: URL
  /** The variable that names it, for messages. */
  readonly variable: string
  /** What the proxy is told of the user (`Proxy-Authorization`), where its URL has one. */
  readonly authorization: string | undefined
}

/**
 * Reads the environment once. A variable in capitals wins over the one in lower case, as in Go.
 * @returns the proxy for a URL; undefined where it is reached directly
 * @throws CnbError CNB_USAGE for a proxy that cannot be used
 */
export function readProxies(env: Environment): (url: URL) => Proxy | undefined {
  const proxies: Record<string, Proxy | undefined> = { 'http:': readProxy('HTTP_PROXY', env), 'https:': readProxy('HTTPS_PROXY', env) }
  const isDirect = readNoProxy(valueOf('NO_PROXY', env).value)
  return (url) => (isDirect(url) ? undefined : proxies[url.protocol])
}

/** A proxy's address for messages: without user and password. */
export function nameOf({ url, variable }: Proxy): string {
  return `${url.origin} (${variable})`
}

function valueOf(name: string, env: Environment): { value: string; variable: string } {
  const variable = [name, name.toLowerCase()].find((each) => env[each]) ?? name
  return { value: env[variable] ?? '', variable }
}

function readProxy(name: string, env: Environment): Proxy | undefined {
  const { value, variable } = valueOf(name, env)
  if (value === '') return undefined
  // As in Go, `host:port` is a proxy that speaks HTTP.
  const text = value.includes('://') ? value : `http://${value}`
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url?.hostname) throw unusable(variable, 'it is not a URL')
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw unusable(variable, `cnb cannot use proxies of the kind ${url.protocol}//`)
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

/** The value is never shown: it may have a password in it. */
function unusable(variable: string, why: string): CnbError {
  return new CnbError('CNB_USAGE', `cannot use the proxy in ${variable}: ${why}`, {
    hint: 'Write it as http://host:port or http://user:password@host:port, with special characters in the password percent-encoded.',
  })
}
