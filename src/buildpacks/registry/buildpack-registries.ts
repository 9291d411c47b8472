/** Finds buildpacks in buildpack registries. */

import { CnbError, toCnbError } from '../../base/errors.ts'
import { decide, type Context } from '../../base/events.ts'
import type { PullPolicy } from '../../images/find/find-image.ts'
import { GitError } from '../../git/run-git.ts'
import { chooseEntry, entryPath, type FoundEntry, type WantedEntry } from './index-entries.ts'
import { dropIndex, lastIndex, readIndexFile, refreshIndex, type BuildpackRegistry, type IndexCommit, type IndexServices } from './index-repository.ts'

/** The indexes of one run; each is refreshed once. */
export class BuildpackRegistries {
  readonly #services: IndexServices
  readonly #policy: PullPolicy
  /** By address. */
  readonly #fresh = new Map<string, Promise<IndexCommit>>()

  /** @param policy `always` refreshes an index, `if-not-present` only for a buildpack that its last clone lacks, `never` not at all */
  constructor(services: IndexServices, policy: PullPolicy) {
    this.#services = services
    this.#policy = policy
  }

  /**
   * Returns the image of a buildpack, with its digest. If the registry cannot be reached, its last clone is used, with a warning.
   * @throws CnbError CNB_BUILDPACK_NOT_FOUND, CNB_BUILDPACK_INVALID, CNB_DOWNLOAD_FAILED, CNB_USAGE, CNB_INTERRUPTED
   */
  async resolve(registry: BuildpackRegistry, wanted: WantedEntry, context: Context = {}): Promise<FoundEntry> {
    const found = await this.#resolve(registry, wanted, context)
    const why = `version ${found.version} of the buildpack registry '${registry.name}' is this image`
    decide(context, { kind: 'buildpack', name: wanted.id }, found.reference, wanted.version === undefined ? `${why}, and it is the highest` : why)
    return found
  }

  async #resolve(registry: BuildpackRegistry, wanted: WantedEntry, context: Context): Promise<FoundEntry> {
    const path = entryPath(wanted.id)
    const last = await lastIndex(registry, this.#services)
    if (this.#policy === 'always' || (this.#policy === 'if-not-present' && !last)) return this.#fromFresh(registry, wanted, path, last, context)
    if (!last) {
      throw new CnbError('CNB_BUILDPACK_NOT_FOUND', `the buildpack registry '${registry.name}' is not in the cache, and the pull policy is never`, {
        hint: 'Use --pull-policy if-not-present to clone it.',
      })
    }
    try {
      return await this.#choose(last, registry, wanted, path, context)
    } catch (error) {
      if (this.#policy === 'never' || toCnbError(error).code !== 'CNB_BUILDPACK_NOT_FOUND') throw error
      return this.#fromFresh(registry, wanted, path, last, context)
    }
  }

  async #fromFresh(registry: BuildpackRegistry, wanted: WantedEntry, path: string, last: IndexCommit | undefined, context: Context): Promise<FoundEntry> {
    let index: IndexCommit
    try {
      index = await this.#refresh(registry, context)
    } catch (error) {
      const { code, message } = toCnbError(error)
      if (!last || code !== 'CNB_DOWNLOAD_FAILED') throw error
      context.events?.({ type: 'warning', message: `using the last clone of the buildpack registry '${registry.name}', which may be old: ${message}` })
      index = last
    }
    return this.#choose(index, registry, wanted, path, context)
  }

  #refresh(registry: BuildpackRegistry, context: Context): Promise<IndexCommit> {
    const fresh = this.#fresh.get(registry.url) ?? refreshIndex(registry, this.#services, context)
    this.#fresh.set(registry.url, fresh)
    return fresh
  }

  async #choose(index: IndexCommit, registry: BuildpackRegistry, wanted: WantedEntry, path: string, context: Context): Promise<FoundEntry> {
    try {
      const file = await readIndexFile(index, path, this.#services, context)
      return chooseEntry(file?.toString('utf8'), wanted, registry.name)
    } catch (error) {
      if (!(error instanceof GitError)) throw error
      // A damaged clone would fail again: the next run clones it anew.
      await dropIndex(index)
      throw new CnbError('CNB_BUILDPACK_INVALID', `cannot read '${wanted.id}' in the buildpack registry '${registry.name}': ${error.message}`, {
        hint: error.hint ?? 'Run the command again; if it fails again, report it to the maintainers of the registry.',
        cause: error,
      })
    }
  }
}
