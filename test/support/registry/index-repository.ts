/** A git repository with the index of a buildpack registry, for tests. */

import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** One line of the index. */
export interface IndexLine {
  readonly ns: string
  readonly name: string
  readonly version: string
  readonly yanked?: boolean
  readonly addr?: string
}

export interface TestIndex {
  /** The directory of the repository, which is also its address. */
  readonly path: string
  /** Writes a file as text, or as lines of JSON, and commits it. */
  commit(file: string, content: string | readonly IndexLine[]): void
  /** Runs git in the repository and returns its output. */
  git(...args: string[]): string
}

/** The environment of git in tests: without the machine's configuration. */
export const GIT_ENV = {
  PATH: process.env.PATH ?? '',
  HOME: '/nonexistent',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
}
const AUTHOR = { GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@example.com', GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a@example.com' }

/** Creates an empty repository in `path`. */
export function makeIndex(path: string): TestIndex {
  mkdirSync(path, { recursive: true })
  const git = (...args: string[]): string => execFileSync('git', args, { cwd: path, env: { ...GIT_ENV, ...AUTHOR }, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  git('init', '--quiet', '--initial-branch=main')
  return {
    path,
    git,
    commit(file, content) {
      const text = typeof content === 'string' ? content : content.map((line) => `${JSON.stringify(line)}\n`).join('')
      mkdirSync(dirname(join(path, file)), { recursive: true })
      writeFileSync(join(path, file), text)
      git('add', '--all')
      git('commit', '--quiet', '--message', file)
    },
  }
}
