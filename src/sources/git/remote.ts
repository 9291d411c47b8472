/** The addresses of git repositories in sources: which host has which credentials. */

import { CnbError } from '../../base/errors.ts'
import { gitAddress, withoutLogin, type GitAddress } from '../../git/git-address.ts'
import type { GitHost } from '../credentials/git-credentials.ts'

export interface Remote extends GitHost {
  /** Without user and password: the arguments of a program are public. */
  readonly address: GitAddress
  /** The user and password of the address. */
  readonly login: { readonly username: string; readonly password: string } | undefined
}

const WITH_SCHEME = /^(https?|ssh|git|file):\/\/(?:([^/]*)@)?([^/]*)/
/** A password may contain `@`. */
const USER_INFO = /^(\w+:\/\/)[^/]*@/
const GIT = /^git:\/\/[^\s/-][^\s/]*\/\S+$/
const LIKE_SCP = /^[^@/]+@([^:/]+):/

/**
 * Reads an address: https, http, ssh (also `user@host:path`), git, file, or an absolute path.
 * @param parent the repository that has the address of a submodule
 * @throws CnbError CNB_USAGE for another address; CNB_SOURCE_FAILED for a submodule that is on this machine or less protected than its parent
 */
export function readRemote(url: string, parent?: Remote): Remote {
  const { protocols } = GIT.test(url) ? { protocols: ['git'] } : gitAddress(url)
  const [, scheme = '', userInfo, authority = ''] = WITH_SCHEME.exec(url) ?? []
  const host = scheme === '' ? (LIKE_SCP.exec(url)?.[1] ?? '') : authority
  const kind = (scheme || (host === '' ? 'file' : 'ssh')) as GitHost['scheme']
  const isHttp = kind === 'https' || kind === 'http'
  const login = isHttp && userInfo !== undefined ? loginOf(userInfo) : undefined
  const remote: Remote = { scheme: kind, host, address: { url: isHttp ? url.replace(USER_INFO, '$1') : url, protocols }, login }
  if (!parent) return remote
  // A repository must not read this machine's files, nor have credentials sent in clear text.
  if ((kind === 'file' || kind === 'http') && parent.scheme !== kind) {
    throw new CnbError('CNB_SOURCE_FAILED', `the submodule at ${shown(remote)} is not at https, ssh or git, unlike its repository at ${shown(parent)}`)
  }
  const isNear = kind === parent.scheme && host === parent.host
  return { ...remote, login: login ?? (isNear ? parent.login : undefined) }
}

/** Returns the address for messages: without login and query. */
export function shown({ address }: Pick<Remote, 'address'>): string {
  return withoutLogin(address.url).replace(/[?#].*$/s, '')
}

function loginOf(userInfo: string): Remote['login'] {
  const [username = '', ...rest] = userInfo.split(':')
  return { username: decoded(username), password: decoded(rest.join(':')) }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/**
 * Returns the address of a submodule: relative ones (`./x`, `../x`) start at the repository's address, as in git.
 * @throws CnbError CNB_SOURCE_FAILED for one that leads out of the host
 */
export function submoduleUrl(url: string, parent: Remote): string {
  if (!/^\.\.?\//.test(url)) return url
  const { address } = parent
  const start = /^(?:[a-z+]+:\/\/[^/]*\/|[^/:]+:|\/)?/.exec(address.url)?.[0] ?? ''
  const path = address.url.slice(start.length).split('/').filter((part) => part !== '')
  for (const part of url.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') path.push(part)
    else if (path.pop() === undefined) {
      throw new CnbError('CNB_SOURCE_FAILED', `the relative address '${url}' of a submodule leads out of the host of ${shown(parent)}`)
    }
  }
  return start + path.join('/')
}
