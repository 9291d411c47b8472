/** Notices of changes, from webhooks, and the polls that they hurry; only a poll decides. */

import { parseReference } from '../../oci/reference.ts'
import type { Poll } from './polls.ts'

/** A push to a git repository, with the addresses that it has. */
interface GitNotice {
  readonly kind: 'git'
  readonly urls: readonly string[]
  /** `refs/heads/main`; absent if any may have changed. */
  readonly ref?: string
}

/** A push to a repository of a registry. */
interface ImageNotice {
  readonly kind: 'image'
  /** `team/app`, or `registry.example/team/app`. A registry may use another name for itself, so only the path is compared. */
  readonly repository: string
  /** Absent if any may have changed. */
  readonly tag?: string
}

export type Notice = GitNotice | ImageNotice

/** Returns the keys of the polls that may find the change. */
export function pollsToHurry(notice: Notice, polls: Iterable<Poll>): string[] {
  const concerns = notice.kind === 'git' ? gitMatcher(notice) : imageMatcher(notice)
  return [...polls].filter(concerns).map(({ key }) => key)
}

function gitMatcher({ urls, ref }: GitNotice): (poll: Poll) => boolean {
  const places = new Set(urls.map(placeOf))
  const short = ref?.replace(/^refs\/(?:heads|tags)\//, '')
  const isRef = (revision: string): boolean => ref === undefined || revision === ref || revision === short || `refs/${revision}` === ref || revision === 'HEAD'
  return ({ kind, remotes, revisions }) => kind === 'git' && places.has(placeOf(remotes[0] ?? '')) && [...revisions].some(isRef)
}

const LIKE_SCP = /^(?:[^@/]+@)?([^:/]+):(?!\/\/)(.*)$/
const WITH_SCHEME = /^[a-z][a-z+]*:\/\/(?:[^/@]*@)?([^/]*)(\/.*)?$/i

/** Returns host and path: the same for https and ssh, with and without `.git`, user and port. */
function placeOf(url: string): string {
  const [, host = '', path = ''] = WITH_SCHEME.exec(url) ?? LIKE_SCP.exec(url) ?? ['', '', url]
  const name = path.replace(/^\/+/, '').replace(/\/+$/, '').replace(/\.git$/, '')
  return `${host.replace(/:\d+$/, '')}/${name}`.toLowerCase()
}

function imageMatcher({ repository, tag }: ImageNotice): (poll: Poll) => boolean {
  const wanted = pathOf(repository)
  if (!wanted) return () => false
  return ({ kind, remotes }) => (kind === 'registry' || kind === 'base') && remotes.some((remote) => {
    const found = pathOf(remote)
    return found?.path === wanted.path && (tag === undefined || (found.tag ?? 'latest') === tag)
  })
}

function pathOf(name: string): { path: string; tag?: string } | undefined {
  try {
    const { repository, tag } = parseReference(name)
    return { path: repository.replace(/^library\//, ''), ...(tag === undefined ? {} : { tag }) }
  } catch {
    return undefined
  }
}
