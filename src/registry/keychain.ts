/** Credentials for registries: from the environment, and from what `docker login` and `podman login` leave behind. */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { credentialsOf, entryFor, hostOf, parseAuthFile, type AuthFile, type RegistryCredentials } from './auth-file.ts'
import { credentialsFromVariable } from './authorization-variable.ts'
import { askCredentialHelper, CredentialHelperError } from './credential-helper.ts'

export interface KeychainSources {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly home: string
  /** Hears of a credential helper that does not work; the registry is then asked without credentials. */
  readonly warn?: (message: string) => void
}

export type Keychain = (registry: string) => Promise<RegistryCredentials | undefined>

/** Docker Hub's key in configuration files and helpers, whatever name it goes by elsewhere. */
const HUB = 'https://index.docker.io/v1/'
const IDENTITY_TOKEN_USER = '<token>'

/**
 * Looks up a registry's credentials, by host and port exactly, in CNB_REGISTRY_AUTH, DOCKER_AUTH_CONFIG, Docker's config.json and
 * Podman's auth.json files, the first that has some; in each `credHelpers`, then `credsStore`, then `auths`. Undefined means anonymous.
 * Answers are kept. The lookup throws CNB_USAGE for a file or variable that is not as it should be; no error or warning shows a
 * part of it.
 */
export function makeKeychain(sources: KeychainSources): Keychain {
  const known = new Map<string, Promise<RegistryCredentials | undefined>>()
  return (registry) => {
    const host = hostOf(registry)
    const found = known.get(host) ?? lookUp(host, sources)
    known.set(host, found)
    return found
  }
}

async function lookUp(host: string, sources: KeychainSources): Promise<RegistryCredentials | undefined> {
  const { env, home } = sources
  if (env.CNB_REGISTRY_AUTH) {
    const found = credentialsFromVariable(env.CNB_REGISTRY_AUTH, host)
    if (found) return { ...found, serveraddress: serverOf(host) }
  }
  if (env.DOCKER_AUTH_CONFIG) {
    const found = await fromFile(parseAuthFile(env.DOCKER_AUTH_CONFIG, 'DOCKER_AUTH_CONFIG'), host, sources)
    if (found) return found
  }
  const paths = [
    join(env.DOCKER_CONFIG || join(home, '.docker'), 'config.json'),
    ...(env.REGISTRY_AUTH_FILE ? [env.REGISTRY_AUTH_FILE] : []),
    ...(env.XDG_RUNTIME_DIR ? [join(env.XDG_RUNTIME_DIR, 'containers/auth.json')] : []),
    join(env.XDG_CONFIG_HOME || join(home, '.config'), 'containers/auth.json'),
  ]
  for (const path of paths) {
    const content = await readFile(path, 'utf8').catch(() => undefined)
    const found = content && (await fromFile(parseAuthFile(content, path), host, sources))
    if (found) return found
  }
  return undefined
}

async function fromFile(file: AuthFile, host: string, sources: KeychainSources): Promise<RegistryCredentials | undefined> {
  const serveraddress = serverOf(host)
  const entry = entryFor(file.credHelpers, host)
  const helper = typeof entry === 'string' ? entry : undefined
  for (const name of [helper, file.credsStore]) {
    const found = name && (await fromHelper(name, serveraddress, sources))
    if (found) return { ...found, serveraddress }
  }
  const found = credentialsOf(entryFor(file.auths, host))
  return found && { ...found, serveraddress }
}

function serverOf(host: string): string {
  return host === 'docker.io' ? HUB : host
}

async function fromHelper(name: string, server: string, { env, warn }: KeychainSources): Promise<RegistryCredentials | undefined> {
  try {
    const found = await askCredentialHelper(name, server, env)
    if (found === undefined) return undefined
    return found.username === IDENTITY_TOKEN_USER ? { identitytoken: found.secret } : { username: found.username, password: found.secret }
  } catch (error) {
    if (!(error instanceof CredentialHelperError)) throw error
    warn?.(`${error.message}: going on without its credentials for ${server}`)
    return undefined
  }
}
