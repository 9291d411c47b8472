/** Reads the commit of a work tree, without a program of its configuration. */

import type { Context } from '../base/events.ts'
import { GitError, type GitOptions, runGit } from './run-git.ts'

export interface WorkTree {
  readonly commit: string
  /** Whether files below the directory differ from the commit, or are not in it. */
  readonly isDirty: boolean
  /** The tag of the commit; one of several that git prefers. */
  readonly tag?: string
  /** The address of the remote `origin`, as configured: it may have a password. */
  readonly origin?: string
}

/** The index is not written, and the configuration's service is not used. */
const SAFE = ['--no-optional-locks', '-c', 'core.fsmonitor=false', '-c', 'core.untrackedCache=false']

/** Reads the work tree around the directory. @throws GitError without one, or without a commit */
export async function readWorkTree(directory: string, env: GitOptions['env'], { signal }: Context): Promise<WorkTree> {
  const git = async (args: readonly string[], more: GitOptions['env'] = {}): Promise<string> =>
    (await runGit([...SAFE, '-C', directory, ...args], { env: { ...env, GIT_NO_LAZY_FETCH: '1', ...more }, signal })).toString().trim()
  const ifAny = (args: readonly string[]): Promise<string> => git(args).catch((error: unknown) => {
    if (error instanceof GitError) return ''
    throw error
  })
  const commit = await git(['rev-parse', '--verify', 'HEAD^{commit}'])
  const [tag, origin, filters] = await Promise.all([
    ifAny(['describe', '--tags', '--exact-match', 'HEAD']),
    ifAny(['config', '--get', 'remote.origin.url']),
    ifAny(['config', '--null', '--name-only', '--get-regexp', String.raw`^filter\..*\.(clean|smudge|process|required)$`]),
  ])
  const status = await git(['status', '--porcelain', '--untracked-files=normal', '--ignore-submodules=all', '--', '.'], withoutFilters(filters, env))
  return { commit, isDirty: status !== '', ...(tag === '' ? {} : { tag }), ...(origin === '' ? {} : { origin }) }
}

/** Variables that switch off the programs with which the configuration filters files. Names of filters can have any character. */
function withoutFilters(keys: string, env: GitOptions['env']): GitOptions['env'] {
  const names = [...new Set(keys.split('\0'))].filter((name) => name !== '')
  const first = Number(env['GIT_CONFIG_COUNT'] ?? 0)
  const settings = names.flatMap((name, at) => [
    [`GIT_CONFIG_KEY_${first + at}`, name],
    [`GIT_CONFIG_VALUE_${first + at}`, name.endsWith('.required') ? 'false' : ''],
  ])
  return { GIT_CONFIG_COUNT: String(first + names.length), ...Object.fromEntries(settings) as Record<string, string> }
}
