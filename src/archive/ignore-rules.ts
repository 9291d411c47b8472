/** Which files of a directory count, told by .gitignore patterns (gitignore(5), which project.toml's include and exclude ask for). */

import ignore from 'ignore'

/**
 * `keep`: the entry counts. `skip`: it does not, and a directory is not even looked into. `parent`: a directory that counts
 * only if something below it does.
 */
type Verdict = 'keep' | 'skip' | 'parent'

/** Asked for each entry, parents first. `path` is relative to the directory, bytes with `/` between them. */
export type EntryFilter = (path: Buffer, isDirectory: boolean) => Verdict

/** Keeps all but what `patterns` match. As in git, nothing below a directory that is matched comes back by a later `!pattern`. */
export function excluding(patterns: readonly string[]): EntryFilter {
  const matches = matcher(patterns)
  return (path, isDirectory) => (matches(path, isDirectory) ? 'skip' : 'keep')
}

/** Keeps what `patterns` match, all that is below a matched directory, and the directories that lead there. */
export function including(patterns: readonly string[]): EntryFilter {
  const matches = matcher(patterns)
  return (path, isDirectory) => (matches(path, isDirectory) ? 'keep' : isDirectory ? 'parent' : 'skip')
}

/**
 * Names are bytes and patterns are text. Both meet as UTF-8 text, so that `?` and `[é]` mean one character as the user sees
 * it; bytes that are not UTF-8 each become U+FFFD, which a wildcard matches and no written name does.
 */
function matcher(patterns: readonly string[]): (path: Buffer, isDirectory: boolean) => boolean {
  const rules = ignore({ ignoreCase: false, allowRelativePaths: true }).add([...patterns])
  return (path, isDirectory) => rules.ignores(isDirectory ? `${path.toString()}/` : path.toString())
}
