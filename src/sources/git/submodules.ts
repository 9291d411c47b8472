/** The submodules of a commit. */

import { GitError } from '../../git/run-git.ts'
import type { CommitRepository } from './repository.ts'

export interface Submodule {
  /** The directory in the repository. */
  readonly path: string
  /** As written in `.gitmodules`: it may be relative. */
  readonly url: string
  readonly commit: string
}

const FILE = '.gitmodules'
const GITLINK = '160000'
const REGULAR = new Set(['100644', '100755'])

/** Returns the submodules with an address in `.gitmodules`, by path. @throws GitError for a malformed file */
export async function readSubmodules(repository: CommitRepository): Promise<Submodule[]> {
  const [file] = await repository.list([FILE])
  if (!file || !REGULAR.has(file.mode)) return []
  const urls = new Map<string, string>()
  const paths = new Map<string, string>()
  for (const [name, value] of await entriesOf(repository)) {
    const [, submodule, key] = /^submodule\.(.+)\.(path|url)$/s.exec(name) ?? []
    if (submodule !== undefined) (key === 'url' ? urls : paths).set(submodule, value)
  }
  const byPath = new Map([...paths].flatMap(([submodule, path]) => (isInside(path) ? [[path, urls.get(submodule)] as const] : [])))
  if (byPath.size === 0) return []
  const listed = await repository.list([...byPath.keys()])
  return listed.flatMap(({ mode, object, path }) => {
    const url = byPath.get(path)
    return mode === GITLINK && url !== undefined ? [{ path, url, commit: object }] : []
  })
}

async function entriesOf(repository: CommitRepository): Promise<[string, string][]> {
  try {
    return await repository.config(FILE, '^submodule\\..*\\.(path|url)$')
  } catch (error) {
    // git fails without a message if the file has no such entries.
    if (error instanceof GitError && error.message === 'git ended with 1') return []
    throw error
  }
}

function isInside(path: string): boolean {
  return !path.startsWith('/') && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
}
