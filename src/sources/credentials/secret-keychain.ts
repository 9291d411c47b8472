/** Credentials for registries from Secrets (`pkg/dockercreds` of kpack). */

import { credentialsOf, entriesFor, hostOf, parseAuthFile, type FoundEntry, type RegistryCredentials } from '../../registry/auth/auth-file.ts'
import type { Keychain } from '../../registry/auth/keychain.ts'
import type { Secret } from '../../resources/kinds/core.ts'
import { secretText } from './secret-text.ts'

/** The annotation of a Secret of the type `kubernetes.io/basic-auth`. */
const ANNOTATION = 'kpack.io/docker'
const HUB = 'https://index.docker.io/v1/'

type Entries = Readonly<Record<string, unknown>>

/**
 * Returns the credentials of groups of Secrets. The groups are searched in order. In a group, the entry with the longest path wins, as in
 * Kubernetes; of equal ones, the first: kpack uses any of several entries of one Secret.
 * @param others the credentials without a Secret that matches
 * @throws CnbError CNB_USAGE for malformed credentials, without any part of them
 */
export function secretKeychain(groups: readonly (readonly Secret[])[], others?: Keychain): Keychain {
  const read = groups.map((secrets) => secrets.map(entriesOf))
  return async (name) => {
    for (const group of read) {
      const found = longestFirst(group.flatMap((entries) => entriesFor(entries, name)))
      const credentials = found.flatMap(({ value }) => credentialsOf(value) ?? [])[0]
      if (credentials) return withServer(credentials, name)
    }
    return others?.(name)
  }
}

function longestFirst(entries: readonly FoundEntry[]): FoundEntry[] {
  return [...entries].sort((a, b) => b.scope.length - a.scope.length)
}

function withServer(credentials: RegistryCredentials, name: string): RegistryCredentials {
  const host = hostOf(name)
  return { ...credentials, serveraddress: host === 'docker.io' ? HUB : host }
}

/** Returns the entries of a Secret by registry, as in Docker's config.json. */
function entriesOf(secret: Secret): Entries {
  const { metadata, type } = secret
  const origin = `the Secret '${metadata.name}'`
  const text = (key: string): string => secretText(secret, key) ?? '{}'
  switch (type) {
    case 'kubernetes.io/basic-auth': {
      const registry = metadata.annotations?.[ANNOTATION]
      return registry ? { [registry]: { username: secretText(secret, 'username') ?? '', password: secretText(secret, 'password') ?? '' } } : {}
    }
    case 'kubernetes.io/dockerconfigjson':
      return parseAuthFile(text('.dockerconfigjson'), origin).auths
    case 'kubernetes.io/dockercfg':
      return parseAuthFile(`{"auths":${text('.dockercfg')}}`, origin).auths
    default:
      return {}
  }
}
