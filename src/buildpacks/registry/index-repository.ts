/** The index of a buildpack registry: one commit of a git repository, without a work tree. */

import { randomUUID } from 'node:crypto'
import { lstat, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { CnbError } from '../../base/errors.ts'
import { step, type Context } from '../../base/events.ts'
import { digestOf, hexOf } from '../../oci/digest.ts'
import { CLONES } from '../../registry/download/cache-entries.ts'
import type { ContentCache } from '../../registry/download/content-cache.ts'
import { gitAddress, withoutLogin, type GitAddress } from '../../git/git-address.ts'
import { GitError, runGit } from '../../git/run-git.ts'

export interface IndexServices {
  readonly cache: ContentCache
  readonly env: Readonly<Record<string, string | undefined>>
  /** The maximum size of a buildpack's file, in bytes; default: 4 MiB. */
  readonly maxFile?: number
}

export interface BuildpackRegistry {
  /** The name in the configuration file. */
  readonly name: string
  /** The address of the git repository. */
  readonly url: string
}

/** A commit of the index on this machine. */
export interface IndexCommit {
  readonly directory: string
  readonly id: string
}

const COMMIT = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/
/** A branch of the clone. */
const BRANCH = 'refs/heads/index'
/** In milliseconds. Another process may read an older clone that was made in this time. */
const IN_USE = 60 * 60 * 1000
const LOOKUP_MS = 60_000

/** Returns the last commit that `refreshIndex` fetched; undefined if it is not in the cache. */
export async function lastIndex(registry: BuildpackRegistry, { cache }: IndexServices): Promise<IndexCommit | undefined> {
  const id = await cache.fact('registry', registry.url)
  if (typeof id !== 'string' || !COMMIT.test(id)) return undefined
  const directory = join(await clonesOf(registry, cache), `${id}.git`)
  return (await isDirectory(directory)) ? { directory, id } : undefined
}

/**
 * Returns the newest commit of the index. If it is not on this machine yet, it is cloned: only this commit, into a new directory, which
 * never changes afterwards.
 * @throws CnbError CNB_DOWNLOAD_FAILED, CNB_USAGE for an address that is not allowed, CNB_INTERRUPTED
 */
export async function refreshIndex(registry: BuildpackRegistry, services: IndexServices, context: Context): Promise<IndexCommit> {
  const address = gitAddress(registry.url)
  const options = { env: services.env, address, signal: context.signal }
  try {
    const found = await runGit(['ls-remote', '--exit-code', '--', address.url, 'HEAD'], { ...options, timeLimitMs: LOOKUP_MS })
    const id = /^([0-9a-f]+)\tHEAD$/m.exec(found.toString())?.[1] ?? ''
    const last = await lastIndex(registry, services)
    if (last?.id === id) return last
    return await step(context, `cloning the buildpack registry ${registry.name}`, () => clone(registry, address, services, context))
  } catch (error) {
    if (!(error instanceof GitError)) throw error
    const message = `cannot read the buildpack registry '${registry.name}' at ${withoutLogin(registry.url)}: ${error.message}`
    throw new CnbError('CNB_DOWNLOAD_FAILED', message, { hint: error.hint ?? `Check its address; 'git ls-remote' must reach it without a prompt.`, cause: error })
  }
}

async function clone(registry: BuildpackRegistry, address: GitAddress, { cache, env }: IndexServices, { signal }: Context): Promise<IndexCommit> {
  const temporary = join(await cache.folder('unfinished'), randomUUID())
  const git = ['--git-dir', temporary]
  try {
    // Without a work tree, links, submodules, filters and hooks of the repository have no effect.
    await runGit(['init', '--quiet', '--bare', '--template=', '--', temporary], { env, signal })
    const quietly = ['--quiet', '--depth=1', '--no-tags', '--no-recurse-submodules', '--no-write-fetch-head']
    await runGit([...git, 'fetch', ...quietly, '--', address.url, `+HEAD:${BRANCH}`], { env, address, signal })
    const id = (await runGit([...git, 'rev-parse', '--verify', `${BRANCH}^{commit}`], { env, signal })).toString().trim()
    if (!COMMIT.test(id)) throw new GitError('its HEAD is not a commit')
    const clones = await clonesOf(registry, cache)
    const directory = join(clones, `${id}.git`)
    await rename(temporary, directory).catch(async (error: unknown) => {
      // Another process may have cloned the same commit.
      if (!(await isDirectory(directory))) throw error
    })
    await cache.setFact('registry', registry.url, id)
    await removeOthers(clones, `${id}.git`)
    return { directory, id }
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

/** A version has about 250 bytes, and the largest files of the public index have some hundred versions. */
const MAX_FILE = 4 * 1024 * 1024

/**
 * Returns the content of a file of the index; undefined if it does not exist. Fails for a link, a directory and a submodule.
 * @param path of letters, digits, `.`, `-`, `_` and `/`
 * @throws CnbError CNB_BUILDPACK_INVALID for a larger file; GitError if it is not a file, or if the clone is damaged
 */
export async function readIndexFile({ directory, id }: IndexCommit, path: string, { env, maxFile = MAX_FILE }: Omit<IndexServices, 'cache'>, { signal }: Context): Promise<Buffer | undefined> {
  const git = ['--git-dir', directory, '--literal-pathspecs']
  const listed = (await runGit([...git, 'ls-tree', '-z', '--long', '--full-tree', id, '--', path], { env, signal })).toString()
  if (listed === '') return undefined
  const [, mode, object, size] = /^(\d+) blob ([0-9a-f]+) +(\d+)\t[^\0]*\0$/.exec(listed) ?? []
  if (object === undefined || !['100644', '100755'].includes(mode ?? '')) throw new GitError(`'${path}' in the index is not a file`)
  if (Number(size) > maxFile) {
    throw new CnbError('CNB_BUILDPACK_INVALID', `cannot read '${path}' in the index of a buildpack registry: it has ${size} bytes, and the limit is ${maxFile}`, {
      hint: 'Use the image of the buildpack instead: docker://…, and report the file to the maintainers of the registry.',
    })
  }
  return runGit([...git, 'cat-file', 'blob', object], { env, signal, maxOutput: maxFile })
}

/** Forgets a damaged clone. */
export async function dropIndex({ directory }: IndexCommit): Promise<void> {
  await rm(directory, { recursive: true, force: true })
}

/** The folder has the name of the fact's file; the time of that file is that of the last use. */
async function clonesOf({ url }: BuildpackRegistry, cache: ContentCache): Promise<string> {
  return cache.folder(join(CLONES, hexOf(digestOf(url))))
}

async function isDirectory(path: string): Promise<boolean> {
  return lstat(path).then((stats) => stats.isDirectory(), () => false)
}

async function removeOthers(clones: string, kept: string): Promise<void> {
  for (const name of await readdir(clones)) {
    const path = join(clones, name)
    const changed = await lstat(path).then((stats) => stats.mtimeMs, () => Infinity)
    if (name !== kept && Date.now() - changed > IN_USE) await rm(path, { recursive: true, force: true }).catch(() => {})
  }
}
