/** Failures of a proxy, which are not the registry's. */

import { nameOf, type Proxy } from './proxies.ts'

export class ProxyError extends Error {
  /** The code of what the connection threw. */
  readonly code: string | undefined
  readonly hint: string

  constructor(message: string, hint: string, cause?: NodeJS.ErrnoException) {
    super(message, { cause })
    this.code = cause?.code
    this.hint = hint
  }
}

/** The error for a proxy that cannot be reached, or breaks off. */
export function unreachable(proxy: Proxy, cause: Error): ProxyError {
  const said = cause.message || ((cause as AggregateError).errors?.[0] as Error | undefined)?.message
  return new ProxyError(`the proxy ${nameOf(proxy)} cannot be reached: ${said}`, hintFor(proxy), cause)
}

/** The error for a proxy that answers with a refusal of its own. `target` is the `host:port` that it was to reach. */
export function refused(proxy: Proxy, target: string, status: number): ProxyError {
  const login = `Set a user and password that the proxy accepts: ${proxy.variable}=${proxy.url.protocol}//user:password@${proxy.url.host}.`
  return new ProxyError(`the proxy ${nameOf(proxy)} does not connect to ${target}: it answers with status ${status}`, status === 407 ? login : hintFor(proxy))
}

function hintFor({ variable }: Proxy): string {
  return `Correct ${variable}, or add the registry's host to NO_PROXY to reach it without a proxy.`
}
