/** The format of Docker's config.json and Podman's auth.json, as far as it tells credentials. */

import { CnbError } from '../base/errors.ts'

/** As the engine's API takes them: `username` and `password`, `identitytoken`, or `registrytoken`. */
export interface RegistryCredentials {
  username?: string
  password?: string
  identitytoken?: string
  /** A bearer token, to be sent to the registry as it is. */
  registrytoken?: string
  /** What the credentials are for: the host, or Docker Hub's historical address. */
  serveraddress?: string
}

export interface AuthFile {
  /** Names of credential helpers, by registry. */
  readonly credHelpers: Readonly<Record<string, unknown>>
  /** The helper for all others. */
  readonly credsStore: string | undefined
  /** What is kept in the file itself, by registry. */
  readonly auths: Readonly<Record<string, unknown>>
}

const HUB_HOSTS = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io'])

/**
 * Reads a file's text. `origin` names it in the message; the parser's own would quote the text, and with it a secret.
 * @throws CnbError CNB_USAGE when it is not JSON
 */
export function parseAuthFile(content: string, origin: string): AuthFile {
  let file: unknown
  try {
    file = JSON.parse(content)
  } catch {
    throw new CnbError('CNB_USAGE', `${origin} is not valid JSON, so no credentials can be read from it`, {
      hint: "Repair it, or remove it and run 'docker login' again.",
    })
  }
  const { credHelpers, credsStore, auths } = recordOf(file)
  return { credHelpers: recordOf(credHelpers), credsStore: isText(credsStore) ? credsStore : undefined, auths: recordOf(auths) }
}

/** An entry of `auths`. Docker Desktop leaves empty ones for what its helper keeps. */
export function credentialsOf(entry: unknown): RegistryCredentials | undefined {
  const { identitytoken, username, password, auth } = recordOf(entry)
  if (isText(identitytoken)) return { identitytoken }
  if (isText(username) && isText(password)) return { username, password }
  if (!isText(auth)) return undefined
  const decoded = Buffer.from(auth, 'base64').toString().replace(/\0+$/, '')
  const colon = decoded.indexOf(':')
  return colon > 0 ? { username: decoded.slice(0, colon), password: decoded.slice(colon + 1) } : undefined
}

/** The value for a host: under the host itself, or else under an address of it, such as `https://host/v1/`. */
export function entryFor(entries: Readonly<Record<string, unknown>>, host: string): unknown {
  if (Object.hasOwn(entries, host)) return entries[host]
  const key = Object.keys(entries).find((candidate) => hostOf(candidate) === host)
  return key === undefined ? undefined : entries[key]
}

/** Host and port of a key or registry name; one name for all of Docker Hub's. */
export function hostOf(key: string): string {
  const host = key.replace(/^https?:\/\//, '').replace(/\/.*$/, '').toLowerCase()
  return HUB_HOSTS.has(host) ? 'docker.io' : host
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
