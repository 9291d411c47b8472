/** Parses credentials in Docker's config.json and Podman's auth.json. */

import { CnbError } from '../../base/errors.ts'
import { recordOf, stringOf } from '../../formats/lenient-values.ts'

/** Credentials in the engine API's format: `username` and `password`, `identitytoken`, or `registrytoken`. */
export interface RegistryCredentials {
  username?: string
  password?: string
  identitytoken?: string
  /** A bearer token to send to the registry unchanged. */
  registrytoken?: string
  /** The server of the credentials: the host, or Docker Hub's historical address. */
  serveraddress?: string
}

export interface AuthFile {
  /** Names of credential helpers, by registry. */
  readonly credHelpers: Readonly<Record<string, unknown>>
  /** The helper for all other registries. */
  readonly credsStore: string | undefined
  /** Credentials stored in the file itself, by registry. */
  readonly auths: Readonly<Record<string, unknown>>
}

const HUB_NAME = 'docker.io'
const HUB_HOSTS = new Set([HUB_NAME, 'index.docker.io', 'registry-1.docker.io'])

/**
 * Parses a file. Errors mention only `origin`: the parser's message would quote the text, and with it a secret.
 * @throws CnbError CNB_USAGE if it is not JSON
 */
export function parseAuthFile(content: string, origin: string): AuthFile {
  let file: unknown
  try {
    file = JSON.parse(content)
  } catch {
    throw new CnbError('CNB_USAGE', `cannot read credentials from ${origin}: it is not valid JSON`, {
      hint: "Repair it, or remove it and run 'docker login' again.",
    })
  }
  const { credHelpers, credsStore, auths } = recordOf(file)
  return { credHelpers: recordOf(credHelpers), credsStore: stringOf(credsStore), auths: recordOf(auths) }
}

/** Reads an entry of `auths`. Docker Desktop leaves empty entries for credentials in its helper. */
export function credentialsOf(entry: unknown): RegistryCredentials | undefined {
  const { identitytoken, username, password, auth } = recordOf(entry)
  if (isText(identitytoken)) return { identitytoken }
  if (isText(username) && isText(password)) return { username, password }
  if (!isText(auth)) return undefined
  const decoded = Buffer.from(auth, 'base64').toString().replace(/\0+$/, '')
  const colon = decoded.indexOf(':')
  return colon > 0 ? { username: decoded.slice(0, colon), password: decoded.slice(colon + 1) } : undefined
}

/** An entry that applies to an image or registry. */
export interface FoundEntry {
  /** The scope: `host`, or `host/path` for the repositories below a path. */
  readonly scope: string
  readonly value: unknown
}

/**
 * Returns the entries that apply to a registry (`host`) or a repository (`host/team/app`), longest path first, as in Podman
 * (containers-auth.json(5)). A key with a scheme, such as `https://host/v1/`, applies to the whole host.
 */
export function entriesFor(entries: Readonly<Record<string, unknown>>, name: string): FoundEntry[] {
  const wanted = normalizedName(name)
  const found = Object.entries(entries).map(([key, value]) => ({ key, scope: scopeOf(key), value }))
  const isExact = ({ key, scope }: { key: string; scope: string }): number => (key === scope ? 1 : 0)
  return found
    .filter(({ scope }) => wanted === scope || wanted.startsWith(`${scope}/`))
    .sort((a, b) => b.scope.length - a.scope.length || isExact(b) - isExact(a))
    .map(({ scope, value }) => ({ scope, value }))
}

/** Normalizes a registry, or a repository with its registry, for comparison: all hosts of Docker Hub become one name. */
export function normalizedName(name: string): string {
  const [host = '', ...path] = name.split('/')
  return [HUB_HOSTS.has(host.toLowerCase()) ? HUB_NAME : host.toLowerCase(), ...path].join('/')
}

/** Returns host and port of a name. */
export function hostOf(name: string): string {
  return normalizedName(name).replace(/\/.*$/, '')
}

function scopeOf(key: string): string {
  const name = normalizedName(key.replace(/^https?:\/\//, '').replace(/\/+$/, ''))
  const isAddress = /^https?:\/\//.test(key) || /^[^/]+\/v[12]$/.test(name)
  return isAddress ? hostOf(name) : name
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
