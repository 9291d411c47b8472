/** Service accounts: the credentials in their Secrets, for sources and registries. */

import { createHash } from 'node:crypto'
import type { Context } from '../../base/events.ts'
import type { Keychain } from '../../registry/auth/keychain.ts'
import type { Registries } from '../../registry/registry.ts'
import type { ServiceAccountReference } from '../../resources/kinds/parts.ts'
import type { Secret } from '../../resources/kinds/core.ts'
import type { Metadata } from '../../resources/resource.ts'
import { readCredentials, type SourceCredentials } from '../../sources/credentials/credentials.ts'
import type { RegistrySettings, RegistryServices } from '../services.ts'
import type { Resources } from './resources.ts'

/** Returns the service account of a resource with a namespace. */
export function accountOf({ spec, metadata }: { readonly spec: { readonly serviceAccountName?: string }; readonly metadata: Pick<Metadata, 'namespace'> }): ServiceAccountReference {
  return { name: spec.serviceAccountName || 'default', namespace: metadata.namespace ?? 'default' }
}

/** The credentials and registry clients of all service accounts in one run. */
export class Accounts {
  readonly #resources: Resources
  readonly #services: RegistryServices
  readonly #settings: RegistrySettings
  readonly #context: Context
  readonly #credentials = new Map<string, Promise<SourceCredentials>>()
  readonly #registries = new Map<Keychain, Promise<Registries>>()

  /** @param settings of the registry client */
  constructor(resources: Resources, services: RegistryServices, settings: RegistrySettings, context: Context) {
    this.#resources = resources
    this.#services = services
    this.#settings = settings
    this.#context = context
  }

  /**
   * Returns the credentials of a service account, and this user's own for registries without a Secret. Without an account, only the
   * latter.
   * @throws CnbError CNB_USAGE for malformed Secrets
   */
  credentialsOf(account: ServiceAccountReference | undefined, imagePullSecrets: readonly { readonly name: string }[] = []): Promise<SourceCredentials> {
    const key = JSON.stringify([account, imagePullSecrets.map(({ name }) => name)])
    const known = this.#credentials.get(key) ?? this.#read(account, imagePullSecrets)
    this.#credentials.set(key, known)
    return known
  }

  async #read(account: ServiceAccountReference | undefined, imagePullSecrets: readonly { readonly name: string }[]): Promise<SourceCredentials> {
    const otherRegistries = await this.#services.keychain()
    if (!account) return readCredentials({ serviceAccount: undefined, secret: () => undefined, otherRegistries }, this.#context)
    const { name, namespace } = account
    const serviceAccount = this.#resources.find('ServiceAccount', account)
    // A cluster always has `default`.
    if (!serviceAccount && name !== 'default') {
      this.#context.events?.({ type: 'warning', message: `ServiceAccount ${namespace}/${name} does not exist: its resources get this user's own credentials` })
    }
    return readCredentials({
      serviceAccount,
      secret: (name) => this.#resources.find('Secret', { name, namespace }),
      imagePullSecrets,
      otherRegistries,
    }, this.#context)
  }

  /** Returns a client for registries with the credentials of a service account. */
  async registriesOf(account: ServiceAccountReference | undefined, imagePullSecrets: readonly { readonly name: string }[] = []): Promise<Registries> {
    return this.registries((await this.credentialsOf(account, imagePullSecrets)).registry)
  }

  /** Returns a client for registries with the credentials of a keychain. */
  registries(keychain: Keychain): Promise<Registries> {
    const known = this.#registries.get(keychain) ?? this.#services.registries(this.#settings, keychain)
    this.#registries.set(keychain, known)
    return known
  }

  /**
   * Returns a fingerprint of a service account's Secrets, which changes when a credential does. It depends on the random uid of each
   * Secret, so the credentials cannot be found by trying.
   */
  fingerprintOf(account: ServiceAccountReference): string {
    const { secrets = [], imagePullSecrets = [] } = this.#resources.find('ServiceAccount', account) ?? {}
    const names = [...new Set([...secrets, ...imagePullSecrets].map(({ name }) => name))].sort()
    return fingerprint(names.map((name) => [name, secretContent(this.#resources.find('Secret', { name, namespace: account.namespace }))]))
  }
}

export function fingerprint(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16)
}

/** Returns the part of a Secret that fingerprints cover; the random uid prevents that values are found by trying. */
export function secretContent(secret: Secret | undefined): unknown {
  return secret && [secret.metadata.uid, secret.metadata.annotations, secret.type, Object.entries(secret.data ?? {}).sort()]
}
