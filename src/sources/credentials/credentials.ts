/** A service account's credentials, by kpack's annotations and types of Secrets. */

import type { Context } from '../../base/events.ts'
import type { Keychain } from '../../registry/auth/keychain.ts'
import type { Secret, ServiceAccount } from '../../resources/kinds/core.ts'
import { blobCredentials, type BlobCredentials } from './blob-credentials.ts'
import { gitCredentials, type GitCredentials } from './git-credentials.ts'
import { secretKeychain } from './secret-keychain.ts'

/** Looks up credentials. None is ever part of a message. */
export interface SourceCredentials {
  readonly git: GitCredentials
  readonly blob: BlobCredentials
  /** For the registries of sources, builders and built images. */
  readonly registry: Keychain
}

export interface CredentialSources {
  /** Undefined if the namespace has none of the name, as in kpack: everything is anonymous. */
  readonly serviceAccount: ServiceAccount | undefined
  /** Returns the Secret of the namespace. */
  readonly secret: (name: string) => Secret | undefined
  /** Further Secrets for pulls: those of the source or of a Build's builder. */
  readonly imagePullSecrets?: readonly { readonly name: string }[]
  /** The credentials of registries without a Secret; default: none. */
  readonly otherRegistries?: Keychain
}

/**
 * Returns the credentials of a service account. A Secret that does not exist is skipped with a warning.
 * @throws CnbError CNB_USAGE for Secrets with docker credentials that are not JSON
 */
export function readCredentials(sources: CredentialSources, { events }: Context = {}): SourceCredentials {
  const { serviceAccount, imagePullSecrets = [], otherRegistries } = sources
  const find = (names: readonly { readonly name: string }[]): Secret[] =>
    [...new Set(names.map(({ name }) => name))].flatMap((name) => {
      const secret = sources.secret(name)
      if (!secret) events?.({ type: 'warning', message: `the Secret '${name}' does not exist: continuing without its credentials` })
      return secret ? [secret] : []
    })
  const secrets = find(serviceAccount?.secrets ?? [])
  const named = new Set(secrets.map(({ metadata }) => metadata.name))
  const forPulls = find([...imagePullSecrets, ...(serviceAccount?.imagePullSecrets ?? [])].filter(({ name }) => !named.has(name)))
  return {
    git: gitCredentials(secrets),
    blob: blobCredentials(secrets),
    registry: secretKeychain([secrets, forPulls], otherRegistries),
  }
}
