/** `CNB_REGISTRY_AUTH` (platform specification, "Registry Authentication"): `Authorization` headers by registry, as JSON. */

import { CnbError } from '../base/errors.ts'
import { entriesFor, type RegistryCredentials } from './auth-file.ts'

const VARIABLE = 'CNB_REGISTRY_AUTH'
const HEADER = /^(basic|bearer) +(\S+)$/i

/**
 * The credentials for a registry or repository in the variable's value, which are either user and password or a token; undefined where it has none.
 * @throws CnbError CNB_USAGE, without any part of the value, when it is not JSON or the header is of another kind
 */
export function credentialsFromVariable(value: string, name: string): RegistryCredentials | undefined {
  const header = entriesFor(parse(value), name)[0]?.value
  if (header === undefined) return undefined
  const [, scheme = '', secret = ''] = (typeof header === 'string' && HEADER.exec(header.trim())) || []
  if (scheme.toLowerCase() === 'bearer') return { registrytoken: secret }
  const pair = /^([^:]+):(.*)$/s.exec(Buffer.from(secret, 'base64').toString())
  if (!pair) throw invalid(`what ${VARIABLE} has for ${name} is neither 'Basic …' nor 'Bearer …'`)
  return { username: pair[1], password: pair[2] }
}

function parse(value: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(value)
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Record<string, unknown>
  } catch {
    // Said below; the parser's own words would quote a secret.
  }
  throw invalid(`${VARIABLE} is not a JSON object`)
}

function invalid(message: string): CnbError {
  return new CnbError('CNB_USAGE', message, { hint: `Write it as {"registry.example":"Basic <base64 of user:password>"}, or unset it.` })
}
