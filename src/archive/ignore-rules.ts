/** Selects files by .gitignore patterns, for include and exclude in project.toml (gitignore(5)). */

import ignore from 'ignore'

/**
 * `keep`: the entry is included. `skip`: it is excluded, and a directory is not entered. `parent`: a directory that is included only
 * if an entry below it is.
 */
type Verdict = 'keep' | 'skip' | 'parent'

/** Called for each entry, parents first. `path` is relative to the directory, in bytes separated by `/`. */
export type EntryFilter = (path: Buffer, isDirectory: boolean) => Verdict

/** Excludes entries that match `patterns`. As in git, a later `!pattern` cannot restore a file below an excluded directory. */
export function excluding(patterns: readonly string[]): EntryFilter {
  const matches = matcher(patterns)
  return (path, isDirectory) => (matches(path, isDirectory) ? 'skip' : 'keep')
}

/** Includes entries that match `patterns`, everything below a matching directory, and the parent directories. */
export function including(patterns: readonly string[]): EntryFilter {
  const matches = matcher(patterns)
  return (path, isDirectory) => (matches(path, isDirectory) ? 'keep' : isDirectory ? 'parent' : 'skip')
}

/**
 * Names are bytes and patterns are text. Both are compared as UTF-8 text, which makes `?` and `[é]` match one visible character;
 * each invalid byte becomes U+FFFD, which a wildcard matches but a literal name does not.
 */
function matcher(patterns: readonly string[]): (path: Buffer, isDirectory: boolean) => boolean {
  const rules = ignore({ ignoreCase: false, allowRelativePaths: true }).add([...patterns])
  return (path, isDirectory) => rules.ignores(isDirectory ? `${path.toString()}/` : path.toString())
}
