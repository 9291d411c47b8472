/** Parses engine addresses in Docker's format: unix, tcp, ssh, npipe. */

import { CnbError } from '../../base/errors.ts'

/** PEM certificates; without `ca`, the system's are used. `verify: false` accepts any certificate. */
export interface TlsMaterial {
  ca?: Buffer
  cert?: Buffer
  key?: Buffer
  verify: boolean
}

/** Returns a certificate and its key; empty if one of them is missing, as in the docker CLI. */
export function clientCertificate(cert: Buffer | undefined, key: Buffer | undefined): Pick<TlsMaterial, 'cert' | 'key'> {
  return cert && key ? { cert, key } : {}
}

export type Transport =
  | { kind: 'socket'; path: string }
  | { kind: 'tcp'; host: string; port: number; tls?: TlsMaterial }
  | { kind: 'ssh'; host: string; port?: string; user?: string; socket?: string }

const HINT = 'Use unix:///path, tcp://host:port, ssh://user@host or npipe:////./pipe/name.'

/**
 * Parses an address. `origin` is its source, for messages; `tls` applies only to tcp.
 * @throws CnbError CNB_USAGE for any other address; the message omits a password
 */
export function parseAddress(address: string, origin: string, tls: TlsMaterial | undefined): Transport {
  const fail = (why: string): never => {
    const message = `invalid engine address '${withoutPassword(address)}' from ${origin}: ${why}`
    throw new CnbError('CNB_USAGE', message, { hint: HINT })
  }
  const scheme = /^([a-z]+):\/\//.exec(address)?.[1]
  const rest = scheme === undefined ? address : address.slice(scheme.length + 3)
  if (scheme === 'unix') return { kind: 'socket', path: rest.startsWith('/') ? rest : fail('the path must be absolute') }
  if (scheme === 'npipe') return { kind: 'socket', path: rest === '' ? fail('the pipe has no name') : rest.replaceAll('/', '\\') }
  if (scheme !== 'tcp' && scheme !== 'http' && scheme !== 'https' && scheme !== 'ssh') {
    return fail(scheme === undefined ? 'it has no scheme' : `the scheme '${scheme}' is not supported`)
  }
  // With a non-special scheme, the URL keeps a port that is http's default.
  const url = URL.canParse(address) ? new URL(address.replace(/^(tcp|https?)/, 'ssh')) : fail('it is not a URL')
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  if (host === '') return fail('it has no host')
  if (url.search || url.hash) return fail('it has a query or a fragment')
  if (scheme === 'ssh') {
    if (url.password) return fail('it must not contain a password; use a key or an agent')
    const socket = url.pathname.length > 1 ? url.pathname : undefined
    return { kind: 'ssh', host, port: url.port || undefined, user: decodeURIComponent(url.username) || undefined, socket }
  }
  const secure = tls ?? (scheme === 'https' ? { verify: true } : undefined)
  const port = url.port === '' ? (secure ? 2376 : 2375) : Number(url.port)
  return { kind: 'tcp', host, port, tls: secure }
}

/** Returns an address without its password, for display. */
export function withoutPassword(address: string): string {
  return address.replace(/^([a-z]+:\/\/[^/@:]*):[^/@]*@/, '$1:…@')
}
