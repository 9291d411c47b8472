/** Source code in git repositories: the commits of revisions, and their files with submodules. */

import { TreeWriter } from '../../archive/tree-writer.ts'
import { CnbError } from '../../base/errors.ts'
import { step, type Context } from '../../base/events.ts'
import { runGit } from '../../git/run-git.ts'
import { digestOf } from '../../oci/digest.ts'
import type { GitSource } from '../../resources/kinds/parts.ts'
import type { SourceCredentials } from '../credentials/credentials.ts'
import { SOURCE_LIMITS, type FetchedSource, type ResolvedGit, type ResolveOptions, type SourceKind, type SourceServices } from '../source.ts'
import { findDirectory, subPathParts } from '../sub-path.ts'
import { asCommit, findRevision, parseRefs, type Refs } from './refs.ts'
import { readRemote, shown, submoduleUrl, type Remote } from './remote.ts'
import { RemoteAccess, type Access } from './remote-access.ts'
import { CommitRepository } from './repository.ts'
import { readSubmodules } from './submodules.ts'

const LIST_MS = 60_000
const FETCH_MS = 30 * 60_000
/** A large repository has some hundred thousand refs. */
const MAX_REFS_BYTES = 64 * 1024 * 1024
/** The limits of go-git, which kpack uses, and of real repositories. */
const MAX_LEVELS = 10
const MAX_SUBMODULES = 1000

/** Lists the refs of each remote once. */
export class GitKind implements SourceKind<GitSource, ResolvedGit> {
  readonly #services: SourceServices
  readonly #access: RemoteAccess
  readonly #lists = new Map<string, Promise<Refs>>()

  constructor(services: SourceServices) {
    this.#services = services
    this.#access = new RemoteAccess(services)
  }

  async resolve(source: GitSource & { subPath?: string }, credentials: SourceCredentials, options: ResolveOptions, context: Context): Promise<ResolvedGit> {
    const { url, revision, initializeSubmodules, subPath } = source
    const remote = readRemote(url)
    const commit = asCommit(revision)
    const found = commit === undefined ? findRevision(revision, await this.#refs(remote, credentials, context), shown(remote)) : { revision: commit, type: 'Commit' as const }
    const resolved: ResolvedGit = { url, ...found, ...(initializeSubmodules === undefined ? {} : { initializeSubmodules }), ...(subPath === undefined ? {} : { subPath }) }
    if (!options.withTree || subPathParts(subPath).length === 0) return resolved
    return { ...resolved, tree: knownTree(resolved, options.previous?.git) ?? (await this.#tree(remote, resolved, credentials, context)) }
  }

  async fetch(resolved: ResolvedGit, directory: string, credentials: SourceCredentials, context: Context): Promise<FetchedSource> {
    const { url, revision, initializeSubmodules = false, subPath } = resolved
    const remote = readRemote(url)
    const { limits = SOURCE_LIMITS } = this.#services
    const writer = new TreeWriter(directory, { ...context, limits, source: `the commit ${revision} of ${shown(remote)}` })
    const fetch = new TreeFetch(writer, initializeSubmodules, (each, commit, use) => this.#withCommit(each, commit, credentials, context, use))
    await step(context, `fetching ${shown(remote)}`, () => fetch.add(remote, revision))
    await writer.finish()
    return {
      path: await findDirectory(directory, subPath, shown(remote)),
      metadata: { type: 'git', metadata: { repository: shown(remote), revision }, version: { commit: revision } },
    }
  }

  #refs(remote: Remote, credentials: SourceCredentials, context: Context): Promise<Refs> {
    const access = this.#access.choose(remote, credentials.git, context)
    const key = digestOf(JSON.stringify([remote.address.url, access]))
    const list = this.#lists.get(key) ?? this.#list(remote, access, context)
    this.#lists.set(key, list)
    return list
  }

  #list(remote: Remote, access: Access, context: Context): Promise<Refs> {
    const { timeLimits: { list: timeLimitMs = LIST_MS } = {}, git = runGit } = this.#services
    return this.#access.run(remote, access, context, async (options) =>
      parseRefs((await git(['ls-remote', '--', remote.address.url], { ...options, timeLimitMs, maxOutput: MAX_REFS_BYTES })).toString()),
    )
  }

  #tree(remote: Remote, { revision, subPath }: ResolvedGit, credentials: SourceCredentials, context: Context): Promise<string> {
    const path = subPathParts(subPath).join('/')
    return this.#withCommit(remote, revision, credentials, context, async (repository) => {
      const tree = await repository.tree(path)
      if (tree !== undefined) return tree
      throw new CnbError('CNB_APP_INVALID', `cannot use the sub-path '${path}' of ${shown(remote)}: the commit ${revision} has no such directory`, { hint: 'Correct spec.source.subPath.' })
    }, true)
  }

  #withCommit<T>(
    remote: Remote,
    commit: string,
    credentials: SourceCredentials,
    context: Context,
    use: (repository: CommitRepository) => Promise<T>,
    treesOnly = false,
  ): Promise<T> {
    const { limits = SOURCE_LIMITS, timeLimits } = this.#services
    const access = this.#access.choose(remote, credentials.git, context)
    return this.#access.run(remote, access, context, async (options) => {
      const git = { ...options, timeLimitMs: timeLimits?.fetch ?? FETCH_MS, maxFile: limits.bytes }
      await using repository = await CommitRepository.fetch({ git, url: remote.address.url, commit, treesOnly })
      return await use(repository)
    })
  }
}

type WithCommit = <T>(remote: Remote, commit: string, use: (repository: CommitRepository) => Promise<T>) => Promise<T>

/** The files of a commit, with the submodules of all levels. */
class TreeFetch {
  readonly #writer: TreeWriter
  readonly #withSubmodules: boolean
  readonly #withCommit: WithCommit
  #submodules = 0

  constructor(writer: TreeWriter, withSubmodules: boolean, withCommit: WithCommit) {
    this.#writer = writer
    this.#withSubmodules = withSubmodules
    this.#withCommit = withCommit
  }

  async add(remote: Remote, commit: string, at = '', level = 0): Promise<void> {
    const submodules = await this.#withCommit(remote, commit, async (repository) => {
      await repository.read((entries) => this.#writer.add(entries, { at }))
      return this.#withSubmodules ? await readSubmodules(repository) : []
    })
    this.#submodules += submodules.length
    if (submodules.length > 0 && level === MAX_LEVELS) throw tooMany(remote, `submodules in more than ${MAX_LEVELS} levels`)
    if (this.#submodules > MAX_SUBMODULES) throw tooMany(remote, `more than ${MAX_SUBMODULES} submodules`)
    for (const { path, url, commit: wanted } of submodules) {
      await this.add(readRemote(submoduleUrl(url, remote), remote), wanted, at === '' ? path : `${at}/${path}`, level + 1)
    }
  }
}

function tooMany(remote: Remote, what: string): CnbError {
  return new CnbError('CNB_SOURCE_FAILED', `cannot use ${shown(remote)}: the source has ${what}, the limit`, { hint: 'Set initializeSubmodules to false, or remove submodules.' })
}

/** Returns the tree of the last resolution, if it was the same commit. */
function knownTree({ url, revision, subPath }: ResolvedGit, previous: ResolvedGit | undefined): string | undefined {
  return previous?.url === url && previous.revision === revision && previous.subPath === subPath ? previous.tree : undefined
}
