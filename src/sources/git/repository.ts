/** A temporary repository with one commit of a remote, without a work tree. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readPlainTar } from '../../archive/tar/plain-tar.ts'
import type { ArchiveEntry } from '../../archive/tree-writer.ts'
import { CnbError } from '../../base/errors.ts'
import { makeDirectories, makeTemporaryDirectory } from '../../base/files.ts'
import { GitError, runGit, streamGit, type GitOptions } from '../../git/run-git.ts'

/** Cancels the attributes of the repository: files have the bytes and names of the commit, as in kpack. */
const ATTRIBUTES = '* !text !eol !crlf !ident !working-tree-encoding !export-ignore !export-subst\n'
/** git refuses names that any file system may take for `.git`. */
const SAFE_NAMES = ['-c', 'core.protectHFS=true', '-c', 'core.protectNTFS=true']
/** Errors of servers that send only the commits of refs, or only whole histories. */
const NEEDS_ALL = /unadvertised object|does not support shallow|not allow request/i
/** A commit that the server does not have. */
const MISSING = /not our ref|could not parse object|missing necessary objects|did not send all/i
const SHA256 = 64

export interface FetchOptions {
  /** For git with the remote. */
  readonly git: GitOptions
  readonly url: string
  readonly commit: string
  /** Whether directories are enough: files are left out if the server can do it. */
  readonly treesOnly?: boolean
}

/** Disposal removes it. */
export class CommitRepository implements AsyncDisposable {
  readonly #directory: AsyncDisposable
  readonly #options: GitOptions
  readonly #words: readonly string[]
  readonly #path: string
  readonly #commit: string

  private constructor(directory: AsyncDisposable, path: string, commit: string, { signal, maxFile, timeLimitMs }: GitOptions, env: GitOptions['env']) {
    this.#directory = directory
    this.#path = path
    this.#commit = commit
    this.#words = ['--git-dir', path]
    this.#options = { signal, maxFile, timeLimitMs, env: offline(env) }
  }

  /** Fetches the commit: alone, or with all branches and tags if the server requires it. @throws GitError, CnbError CNB_SOURCE_FAILED */
  static async fetch({ git, url, commit, treesOnly = false }: FetchOptions): Promise<CommitRepository> {
    const directory = await makeTemporaryDirectory('cnb-source-')
    const { path } = directory
    try {
      const repository = new CommitRepository(directory, path, commit, git, git.env)
      await repository.#run(['init', '--quiet', '--bare', '--template=', ...(commit.length === SHA256 ? ['--object-format=sha256'] : []), '--', path], [])
      // git saves the setting for directories without files under the remote's name.
      const fetch = ['--git-dir', path, '-c', `remote.origin.url=${url}`, 'fetch', '--quiet', '--no-tags', '--no-write-fetch-head']
      try {
        await runGit([...fetch, '--depth=1', ...(treesOnly ? ['--filter=blob:none'] : []), '--', 'origin', commit], git)
      } catch (error) {
        if (!(error instanceof GitError)) throw error
        if (MISSING.test(error.message)) throw missing(commit)
        if (!NEEDS_ALL.test(error.message)) throw error
        await runGit([...fetch, '--', 'origin', '+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*'], git)
      }
      await repository.#run(['cat-file', '-e', `${commit}^{commit}`]).catch((error: unknown) => {
        throw error instanceof GitError ? missing(commit) : error
      })
      return repository
    } catch (error) {
      await directory[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Returns the object of a directory in the commit; undefined if it does not exist or is not a directory. */
  async tree(path: string): Promise<string | undefined> {
    const found = await this.list([path])
    return found.find((entry) => entry.path === path && entry.type === 'tree')?.object
  }

  /** Lists the entries with exactly these paths. */
  async list(paths: readonly string[]): Promise<{ mode: string; type: string; object: string; path: string }[]> {
    const output = await this.#run(['ls-tree', '-z', '--full-tree', this.#commit, '--', ...paths])
    return output.toString().split('\0').flatMap((line) => {
      const [, mode = '', type = '', object = '', path = ''] = /^(\d+) (\w+) (\w+)\t(.*)$/s.exec(line) ?? []
      return path === '' ? [] : [{ mode, type, object, path }]
    })
  }

  /** Returns the entries of a configuration file in the commit, as names and values. */
  async config(file: string, names: string): Promise<[string, string][]> {
    const output = await this.#run(['config', '--null', '--blob', `${this.#commit}:${file}`, '--get-regexp', names])
    return output.toString().split('\0').flatMap((entry) => {
      const [, name, value] = /^([^\n]+)\n(.*)$/s.exec(entry) ?? []
      return name === undefined || value === undefined ? [] : [[name, value]]
    })
  }

  /** Passes the files of the commit to `write`. Submodules are empty directories. */
  async read(write: (entries: AsyncIterable<ArchiveEntry>) => Promise<void>): Promise<void> {
    await makeDirectories(join(this.#path, 'info'))
    await writeFile(join(this.#path, 'info/attributes'), ATTRIBUTES)
    const args = [...this.#words, ...SAFE_NAMES, '-c', 'tar.umask=0022', 'archive', '--format=tar', this.#commit]
    const { signal } = this.#options
    await streamGit(args, this.#options, (output) => write(readPlainTar(output, { source: 'the output of git archive', invalid: 'CNB_SOURCE_FAILED', signal })))
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#directory[Symbol.asyncDispose]()
  }

  #run(args: readonly string[], words = this.#words): Promise<Buffer> {
    return runGit([...words, ...args], this.#options)
  }
}

function missing(commit: string): CnbError {
  return new CnbError('CNB_SOURCE_FAILED', `the server does not have the commit ${commit}`, { hint: 'Push the commit, or use another revision.' })
}

/** Returns the environment for calls without the remote: without credentials and configuration. */
function offline({ PATH, TMPDIR, LD_LIBRARY_PATH, GIT_EXEC_PATH }: GitOptions['env']): GitOptions['env'] {
  return { PATH, TMPDIR, LD_LIBRARY_PATH, GIT_EXEC_PATH, HOME: '/nonexistent', GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', GIT_LITERAL_PATHSPECS: '1' }
}
