/** Resolves and fetches the source code of images. */

import { readdir } from 'node:fs/promises'
import { CnbError } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import type { SourceConfig } from '../resources/kinds/parts.ts'
import { BlobKind } from './blob-source.ts'
import type { SourceCredentials } from './credentials/credentials.ts'
import { GitKind } from './git/git-source.ts'
import { LOCAL_KIND } from './local-source.ts'
import { RegistryKind } from './registry-source.ts'
import type { FetchedSource, ResolvedSource, ResolveOptions, SourceServices } from './source.ts'

/** The sources of one round of a reconciliation. Images that share a git remote and its credentials cause one request: create a new one for each round. */
export class Sources {
  readonly #git: GitKind
  readonly #blob: BlobKind
  readonly #registry: RegistryKind

  constructor(services: SourceServices) {
    this.#git = new GitKind(services)
    this.#blob = new BlobKind(services)
    this.#registry = new RegistryKind(services)
  }

  /**
   * Finds the current state of a source: the commit of a revision, the content of a blob, the digest of an image.
   * @throws CnbError CNB_SOURCE_FAILED, CNB_DOWNLOAD_FAILED, CNB_IMAGE_NOT_FOUND, CNB_REGISTRY_…, CNB_APP_INVALID, CNB_USAGE
   */
  async resolve({ git, blob, registry, local, subPath }: SourceConfig, credentials: SourceCredentials, options: ResolveOptions = {}, context: Context = {}): Promise<ResolvedSource> {
    const within = subPath === undefined ? {} : { subPath }
    if (git) return { git: await this.#git.resolve({ ...git, ...within }, credentials, options, context) }
    if (blob) return { blob: await this.#blob.resolve({ ...blob, ...within }, credentials, options, context) }
    if (registry) return { registry: await this.#registry.resolve({ ...registry, ...within }, credentials, options, context) }
    if (local) return { local: await LOCAL_KIND.resolve({ ...local, ...within }, credentials, options, context) }
    throw new CnbError('CNB_USAGE', 'cannot resolve a source without git, blob, registry or local')
  }

  /**
   * Writes the files of a resolved source to `directory`, which is empty. After an error, its content is undefined. A local source is not
   * copied.
   * @throws CnbError as resolve, and CNB_OUTPUT
   */
  async fetch({ git, blob, registry, local }: ResolvedSource, directory: string, credentials: SourceCredentials, context: Context = {}): Promise<FetchedSource> {
    if (local) return LOCAL_KIND.fetch(local, directory, credentials, context)
    if ((await readdir(directory)).length > 0) throw new CnbError('CNB_OUTPUT', `cannot fetch a source to ${directory}: it is not empty`)
    if (git) return this.#git.fetch(git, directory, credentials, context)
    if (blob) return this.#blob.fetch(blob, directory, credentials, context)
    if (registry) return this.#registry.fetch(registry, directory, credentials, context)
    throw new CnbError('CNB_USAGE', 'cannot fetch a source without git, blob, registry or local')
  }
}
