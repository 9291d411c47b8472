/** Selects files by .gitignore patterns, for include and exclude in project.toml (gitignore(5)). */

import ignore from 'ignore'

/**
 * `keep`: the entry is included. `skip`: it is excluded, and a directory is not entered. `parent`: a directory that is included only
 * if an entry below it is. `whole`: the entry and everything below it is included.
 */
type Verdict = 'keep' | 'skip' | 'parent' | 'whole'

/**
 * Called for each entry after its parents, and only below directories with the verdicts `keep` and `parent`. `path` is relative to the
 * directory.
 *
 * Names are bytes and patterns are text. Both are compared as UTF-8 text, which makes `?` and `[é]` match one visible character;
 * each invalid byte becomes U+FFFD, which a wildcard matches but a literal name does not.
 */
export type EntryFilter = (path: string, isDirectory: boolean) => Verdict

/** Excludes entries that match `patterns`. As in git, a later `!pattern` cannot restore a file below an excluded directory. */
export function excluding(patterns: readonly string[]): EntryFilter {
  const matches = matcher(patterns)
  return (path, isDirectory) => (matches(path, isDirectory) ? 'skip' : 'keep')
}

/** Includes entries that match `patterns`, everything below a matching directory, and the parent directories. */
export function including(patterns: readonly string[]): EntryFilter {
  const matches = matcher(patterns)
  return (path, isDirectory) => (matches(path, isDirectory) ? 'whole' : isDirectory ? 'parent' : 'skip')
}

/** Returns whether a path matches that has no matching parent. */
function matcher(patterns: readonly string[]): (path: string, isDirectory: boolean) => boolean {
  const rules = ignore({ ignoreCase: false, allowRelativePaths: true }).add([...patterns])
  const ends = endsOf(patterns)
  return (path, isDirectory) => {
    if (ends && !ends.some(({ end, directories }) => path.endsWith(end) && (isDirectory || !directories))) return false
    return rules.ignores(isDirectory ? `${path}/` : path)
  }
}

/** `name`, `/a/name`, `*name`, `name/`: only paths that end in the name match. */
const WITH_END = /^\/?(?:[\w.+@-]+\/)*\*?([\w.+@-]+)(\/?)$/

/** Returns the ends of all paths that can match. Most paths have none of them, and `ignore` takes ten times longer to find that. */
function endsOf(patterns: readonly string[]): { readonly end: string; readonly directories: boolean }[] | undefined {
  const ends = []
  for (const pattern of patterns) {
    // A negative pattern only takes back another match.
    if (pattern.startsWith('!')) continue
    const [, end, slash] = WITH_END.exec(pattern) ?? []
    if (end === undefined) return undefined
    ends.push({ end, directories: slash !== '' })
  }
  return ends
}
