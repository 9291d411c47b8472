/** Credentials for registries: from the environment, and from `docker login` and `podman login`. */

import { join } from 'node:path'
import { readBounded } from '../../base/bounded-file.ts'
import { once } from '../../base/once.ts'
import { CnbError } from '../../base/errors.ts'
import { isTable } from '../../formats/lenient-values.ts'
import { credentialsOf, entriesFor, hostOf, normalizedName, parseAuthFile, type AuthFile, type RegistryCredentials } from './auth-file.ts'
import { askCredentialHelper, CredentialHelperError } from './credential-helper.ts'

export interface KeychainSources {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly home: string
  /** Aborts running helpers, and reads of pipes. */
  readonly signal?: AbortSignal
  /** Receives warnings about failed helpers and unreadable files: requests then omit their credentials. */
  readonly warn?: (message: string) => void
}

/** Looks up the credentials for a repository with its registry (`registry.example:5000/team/app`), or for a registry. */
export type Keychain = (name: string) => Promise<RegistryCredentials | undefined>

/** Docker Hub's key in configuration files and helpers, for all its names. */
const HUB = 'https://index.docker.io/v1/'
const IDENTITY_TOKEN_USER = '<token>'
/** Real files have a few kilobytes. */
const MAX_FILE = 4 * 1024 * 1024

/**
 * Looks up credentials in CNB_REGISTRY_AUTH, DOCKER_AUTH_CONFIG, Docker's config.json and Podman's auth.json files, in this order; in
 * each file in `credHelpers`, in path entries of `auths`, in `credsStore`, and in the other entries of `auths`. The longest matching path
 * wins. Undefined means anonymous. Results are cached, and files are read once. The lookup throws CNB_USAGE for a malformed file or
 * variable; errors and warnings contain no part of it.
 */
export function makeKeychain(sources: KeychainSources): Keychain {
  const { env } = sources
  const places = credentialPlaces(sources).map(({ read }) => once(read))
  const ask = remembering((key: string) => fromHelper(key, sources))
  const lookUp = async (name: string): Promise<RegistryCredentials | undefined> => {
    const serveraddress = serverOf(hostOf(name))
    const given = env.CNB_REGISTRY_AUTH ? credentialsFromVariable(env.CNB_REGISTRY_AUTH, name) : undefined
    if (given) return { ...given, serveraddress }
    for (const read of places) {
      const file = await read()
      const found = file && (await fromFile(file, name, ask))
      if (found) return { ...found, serveraddress }
    }
    return undefined
  }
  const known = remembering(lookUp)
  return (name) => known(normalizedName(name))
}

/** A variable or a file that may have credentials. */
export interface CredentialPlace {
  /** The variable's name or the file's path. */
  readonly name: string
  /** Returns undefined without the file. @throws CnbError CNB_USAGE if it is malformed */
  readonly read: () => Promise<AuthFile | undefined>
}

/** Returns the sources of credentials, except CNB_REGISTRY_AUTH, in order. */
export function credentialPlaces(sources: KeychainSources): CredentialPlace[] {
  const { env, home } = sources
  const { DOCKER_AUTH_CONFIG: inline, REGISTRY_AUTH_FILE: named } = env
  const inHome = (name: string): CredentialPlace => ({ name, read: () => readAuthFile(name, sources) })
  return [
    ...(inline ? [{ name: 'DOCKER_AUTH_CONFIG', read: async () => parseAuthFile(inline, 'DOCKER_AUTH_CONFIG') }] : []),
    inHome(join(env.DOCKER_CONFIG || join(home, '.docker'), 'config.json')),
    ...(named ? [{ name: named, read: () => readAuthFile(named, sources, { pipes: true }) }] : []),
    ...(env.XDG_RUNTIME_DIR ? [inHome(join(env.XDG_RUNTIME_DIR, 'containers/auth.json'))] : []),
    inHome(join(env.XDG_CONFIG_HOME || join(home, '.config'), 'containers/auth.json')),
  ]
}

async function readAuthFile(path: string, { signal, warn }: KeychainSources, options: { pipes?: boolean } = {}): Promise<AuthFile | undefined> {
  try {
    const content = (await readBounded(path, { max: MAX_FILE, signal, ...options })).toString()
    return content ? parseAuthFile(content, path) : undefined
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    if (error instanceof CnbError) throw error
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    if (code !== 'EACCES') throw new CnbError('CNB_USAGE', `cannot read the credentials in ${path}: ${message}`, { cause: error, hint: 'Replace it with a file, or remove it.' })
    warn?.(`cannot read the credentials in ${path}: ${message}`)
    return undefined
  }
}

/** Runs a helper, by key `<helper> <server>`. */
type Ask = (key: string) => Promise<RegistryCredentials | undefined>

async function fromFile({ credHelpers, credsStore, auths }: AuthFile, name: string, ask: Ask): Promise<RegistryCredentials | undefined> {
  const helpers = entriesFor(credHelpers, name).flatMap(({ scope, value }) => (typeof value === 'string' ? [`${value} ${serverOf(scope)}`] : []))
  const kept = entriesFor(auths, name)
  const ofPath = kept.filter(({ scope }) => scope !== hostOf(scope))
  const ofHost = kept.filter(({ scope }) => scope === hostOf(scope))
  const steps = [
    ...helpers.map((key) => () => ask(key)),
    ...ofPath.map(({ value }) => async () => credentialsOf(value)),
    ...(credsStore === undefined ? [] : [() => ask(`${credsStore} ${serverOf(hostOf(name))}`)]),
    ...ofHost.map(({ value }) => async () => credentialsOf(value)),
  ]
  for (const step of steps) {
    const found = await step()
    if (found) return found
  }
  return undefined
}

function serverOf(scope: string): string {
  return scope === 'docker.io' ? HUB : scope
}

async function fromHelper(key: string, { env, signal, warn }: KeychainSources): Promise<RegistryCredentials | undefined> {
  const [, helper = '', server = ''] = /^(.*) (\S+)$/s.exec(key) ?? []
  try {
    const found = await askCredentialHelper(helper, server, { env, signal })
    if (found === undefined) return undefined
    return found.username === IDENTITY_TOKEN_USER ? { identitytoken: found.secret } : { username: found.username, password: found.secret }
  } catch (error) {
    if (!(error instanceof CredentialHelperError)) throw error
    warn?.(`${error.message}: continuing without its credentials for ${server}`)
    return undefined
  }
}

function remembering<T>(find: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const known = new Map<string, Promise<T>>()
  return (key) => {
    const found = known.get(key) ?? find(key)
    known.set(key, found)
    return found
  }
}

const VARIABLE = 'CNB_REGISTRY_AUTH'
const HEADER = /^(basic|bearer) +(\S+)$/i

/**
 * Returns the credentials for a registry or repository in the variable's value: user and password, or a token; undefined if none.
 * @throws CnbError CNB_USAGE, without any part of the value, if it is not JSON or the header has another scheme
 */
function credentialsFromVariable(value: string, name: string): RegistryCredentials | undefined {
  const header = entriesFor(parse(value), name)[0]?.value
  if (header === undefined) return undefined
  const [, scheme = '', secret = ''] = (typeof header === 'string' && HEADER.exec(header.trim())) || []
  if (scheme.toLowerCase() === 'bearer') return { registrytoken: secret }
  const pair = /^([^:]+):(.*)$/s.exec(Buffer.from(secret, 'base64').toString())
  if (!pair) throw invalid(`${VARIABLE} has neither 'Basic …' nor 'Bearer …' for ${name}`)
  return { username: pair[1], password: pair[2] }
}

function parse(value: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(value)
    if (isTable(parsed)) return parsed
  } catch {
    // Reported below; the parser's message would quote a secret.
  }
  throw invalid(`${VARIABLE} is not a JSON object`)
}

function invalid(message: string): CnbError {
  return new CnbError('CNB_USAGE', message, { hint: `Set it to {"registry.example":"Basic <base64 of user:password>"}, or unset it.` })
}
