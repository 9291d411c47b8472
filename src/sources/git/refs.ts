/** The refs of a remote, and the commit of a revision. */

import { CnbError } from '../../base/errors.ts'
import { nearNames } from '../../resources/near-names.ts'
import type { ResolvedGit } from '../source.ts'

/** Commits by the full names of refs. Tags lead to their commit, not to the tag's object. */
export type Refs = ReadonlyMap<string, string>

const LINE = /^([0-9a-f]{40}|[0-9a-f]{64})\t(\S+)$/
const PEELED = '^{}'
const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/
const HEADS = 'refs/heads/'
const TAGS = 'refs/tags/'
const SHOWN = 3

/** Reads the output of `git ls-remote`. */
export function parseRefs(output: string): Refs {
  const refs = new Map<string, string>()
  // The commit of an annotated tag follows the tag, with the same name.
  for (const line of output.split('\n')) {
    const [, commit, name] = LINE.exec(line) ?? []
    if (commit !== undefined && name !== undefined) refs.set(name.endsWith(PEELED) ? name.slice(0, -PEELED.length) : name, commit)
  }
  return refs
}

/** Returns the commit if the revision is one: then it needs no list of refs. */
export function asCommit(revision: string): string | undefined {
  const commit = revision.toLowerCase()
  return COMMIT.test(commit) ? commit : undefined
}

/**
 * Returns the commit of a branch, a tag or another ref, by its short or full name; a branch comes before a tag of the same name.
 * @param where the remote, for messages
 * @throws CnbError CNB_SOURCE_FAILED if it does not exist
 */
export function findRevision(revision: string, refs: Refs, where: string): Pick<ResolvedGit, 'revision' | 'type'> {
  for (const name of [`${HEADS}${revision}`, `${TAGS}${revision}`, revision, `refs/${revision}`]) {
    const commit = refs.get(name)
    if (commit !== undefined) return { revision: commit, type: name.startsWith(HEADS) ? 'Branch' : name.startsWith(TAGS) ? 'Tag' : 'Unknown' }
  }
  throw new CnbError('CNB_SOURCE_FAILED', `cannot find the revision '${revision}' in ${where}: no branch or tag has this name`, { hint: adviceFor(revision, refs) })
}

function adviceFor(revision: string, refs: Refs): string {
  if (refs.size === 0) return 'Push a branch to the repository, which is empty.'
  if (/^[0-9a-f]{7,}$/i.test(revision)) return 'Write all digits of the commit.'
  const names = [...refs.keys()].flatMap((name) => (name.startsWith(HEADS) ? name.slice(HEADS.length) : name.startsWith(TAGS) ? name.slice(TAGS.length) : []))
  const near = nearNames(revision.replace(/^refs\/(?:heads|tags)\//, ''), names)
  const found = near.length > 0 ? near : names.filter((name) => refs.get(HEADS + name) === refs.get('HEAD'))
  return `Use a branch, a tag or a commit${found.length > 0 ? `, such as ${found.slice(0, SHOWN).map((name) => `"${name}"`).join(', ')}` : ''}.`
}
