/** Failures of a proxy rather than of the registry. */

import { proxyName, type Proxy } from './proxies.ts'

export class ProxyError extends Error {
  /** The code of the connection's error. */
  readonly code: string | undefined
  readonly hint: string

  constructor(message: string, hint: string, cause?: NodeJS.ErrnoException) {
    super(message, { cause })
    this.code = cause?.code
    this.hint = hint
  }
}

/** Creates the error for a proxy that is unreachable or closes the connection. */
export function proxyUnreachable(proxy: Proxy, cause: Error): ProxyError {
  const said = cause.message || ((cause as AggregateError).errors?.[0] as Error | undefined)?.message
  return new ProxyError(`cannot reach the proxy ${proxyName(proxy)}: ${said}`, hintFor(proxy), cause)
}

/** Creates the error for a proxy that refuses a request. `target` is the requested `host:port`. */
export function proxyRefusal(proxy: Proxy, target: string, status: number): ProxyError {
  const login = `Set a user and password that the proxy accepts: ${proxy.variable}=${proxy.url.protocol}//user:password@${proxy.url.host}.`
  return new ProxyError(`the proxy ${proxyName(proxy)} refuses to connect to ${target}: status ${status}`, status === 407 ? login : hintFor(proxy))
}

function hintFor({ variable }: Proxy): string {
  return `Correct ${variable}, or add the registry's host to NO_PROXY to reach it without a proxy.`
}
