/** Requests registry tokens (distribution's token authentication, OAuth 2 for identity tokens). */

import type { RegistryCredentials } from './auth-file.ts'
import { registryRefusal } from '../registry-errors.ts'
import { bodyOf, type Exchange, type HttpReply } from '../transport/http.ts'
import { UntrustedReply } from '../transport/untrusted-address.ts'

const MAX_REPLY = 1024 * 1024
/** Lifetime of a token that declares none. */
const DEFAULT_LIFE_S = 60
/** A token is not used shortly before its expiry: the registry's clock may differ. */
const MARGIN_MS = 10_000
const CLIENT = 'cnb'

export interface TokenRequest {
  readonly realm: URL
  readonly service: string | undefined
  readonly scopes: readonly string[]
  readonly credentials: RegistryCredentials | undefined
  readonly signal: AbortSignal
}

export interface Token {
  readonly value: string
  /** Milliseconds since 1970. */
  readonly expires: number
}

/**
 * Requests a token from the realm; an anonymous one without credentials.
 * @param host the registry, for messages
 * @throws CnbError CNB_REGISTRY_DENIED or CNB_REGISTRY_FAILED; UntrustedReply for an invalid token
 */
export async function fetchToken(request: TokenRequest, exchange: Exchange, now: number, host: string): Promise<Token> {
  const reply = await (request.credentials?.identitytoken ? refresh(request, exchange) : ask(request, exchange))
  if (reply.status !== 200) throw await registryRefusal(`cannot log in to ${host}`, host, reply)
  const { token, access_token, expires_in } = parse(reply)
  const value = [token, access_token].find((text): text is string => typeof text === 'string' && /^[\x21-\x7e]+$/.test(text))
  if (value === undefined) throw new UntrustedReply("the registry's token server returned no token")
  const life = typeof expires_in === 'number' && expires_in > 0 ? expires_in : DEFAULT_LIFE_S
  return { value, expires: now + Math.max(life * 1000 - MARGIN_MS, 0) }
}

function ask({ realm, service, scopes, credentials, signal }: TokenRequest, exchange: Exchange): Promise<HttpReply> {
  const url = new URL(realm)
  if (service !== undefined) url.searchParams.set('service', service)
  for (const scope of scopes) url.searchParams.append('scope', scope)
  const authorization = credentials && basicHeader(credentials)
  return exchange({ method: 'GET', url, headers: authorization ? { authorization } : {}, signal, limit: MAX_REPLY })
}

/** The identity token is sent in the body, which keeps it out of proxy logs; redirects of a POST are not followed. */
function refresh({ realm, service, scopes, credentials, signal }: TokenRequest, exchange: Exchange): Promise<HttpReply> {
  const form = new URLSearchParams({ grant_type: 'refresh_token', client_id: CLIENT, refresh_token: credentials?.identitytoken ?? '' })
  if (service !== undefined) form.set('service', service)
  if (scopes.length > 0) form.set('scope', scopes.join(' '))
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  return exchange({ method: 'POST', url: realm, headers, body: Buffer.from(form.toString()), signal, limit: MAX_REPLY })
}

/** Returns `Authorization` for a user and password; undefined without them. */
export function basicHeader({ username, password }: RegistryCredentials): string | undefined {
  if (username === undefined) return undefined
  return `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}`
}

function parse(reply: HttpReply): { token?: unknown; access_token?: unknown; expires_in?: unknown } {
  try {
    return (JSON.parse(String(bodyOf(reply))) ?? {}) as { token?: unknown }
  } catch {
    return {}
  }
}
