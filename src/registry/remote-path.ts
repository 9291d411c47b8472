/** Paths, scopes and messages of one repository at its registry. */

import { CnbError } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import { isDigest } from '../oci/digest.ts'
import type { HttpReply } from './transport/http.ts'
import type { RegistryCall, RegistryHost } from './registry-host.ts'
import type { Access } from './registry.ts'

/** A call within a repository. `access` is the required access; `scopes` are additional ones. */
export type RepositoryCall = Omit<RegistryCall, 'scopes'> & { readonly access?: Access | 'delete'; readonly scopes?: readonly string[] }

/** Push access includes pull, and one token is enough for both. */
const ACTIONS = { pull: 'pull', push: 'pull,push', delete: 'pull,push,delete' } as const

export class RemotePath {
  /** `registry/repository`, for messages. */
  readonly name: string
  readonly host: RegistryHost
  readonly #repository: string
  readonly #access: Access

  constructor(host: RegistryHost, repository: string, access: Access) {
    this.host = host
    this.name = `${host.name}/${repository}`
    this.#repository = repository
    this.#access = access
  }

  path(rest: string): string {
    return `/v2/${this.#repository}/${rest}`
  }

  nameOf(reference: string): string {
    return `${this.name}${isDigest(reference) ? '@' : ':'}${reference}`
  }

  /** See RegistryHost.call; adds the scopes for this repository. */
  call(call: RepositoryCall, context: Context): Promise<HttpReply> {
    const { access = this.#access, scopes = [], ...rest } = call
    const actions = ACTIONS[access === 'pull' ? this.#access : access]
    return this.host.call({ ...rest, scopes: [`repository:${this.#repository}:${actions}`, ...scopes] }, context)
  }

  /** Creates the error for an inconsistent reply. */
  untrusted(task: string, why: string): CnbError {
    return new CnbError('CNB_REGISTRY_FAILED', `${task}: ${why}`, {
      hint: 'Check the registry and any proxy or mirror in between: one of them returned unexpected content.',
    })
  }
}
