/** Addresses of git repositories, and the protocols that git may use for them. */

import { CnbError } from '../base/errors.ts'

/** The address of a repository, with the protocols that git may use for it. */
export interface GitAddress {
  readonly url: string
  readonly protocols: readonly string[]
}

const HTTPS = /^https:\/\/[^\s-]\S*$/
const HTTP = /^http:\/\/[^\s-]\S*$/
const CONTROL = /\p{Cc}/u
const SSH = /^(?:ssh:\/\/[^\s-][^\s/]*\/\S+|[\w.-]+@[\w.][\w.-]*:(?!:)[^\s-]\S*)$/
const FILE = /^(?:file:\/\/)?\/[^\p{Cc}]*$/u

/**
 * Checks the address of a repository. Other helpers of git, such as `ext::`, run any command.
 * @throws CnbError CNB_USAGE
 */
export function gitAddress(url: string): GitAddress {
  if (CONTROL.test(url)) throw new CnbError('CNB_USAGE', 'the address of a git repository contains control characters')
  // A user's insteadOf may replace https by ssh.
  if (HTTPS.test(url) || SSH.test(url)) return { url, protocols: ['https', 'ssh'] }
  if (HTTP.test(url)) return { url, protocols: ['http', 'https', 'ssh'] }
  if (FILE.test(url)) return { url, protocols: ['file'] }
  throw new CnbError('CNB_USAGE', `cannot use '${withoutLogin(url)}' as the address of a git repository`, {
    hint: 'Use https://host/path, ssh://host/path, user@host:path, file:///path or /path.',
  })
}

/** Returns text without the user and password of addresses. */
export function withoutLogin(text: string): string {
  return text.replace(/(\w:\/\/)[^\s/]*@/g, '$1')
}
