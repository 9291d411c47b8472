/** Names a poll in messages, without credentials. */

import { shownAddress } from '../../../formats/shown-address.ts'
import type { Poll } from '../../../reconcile/watch/polls.ts'
import { shownId } from './watch-events.ts'

export function shownRemote({ kind, key, remotes: [remote = ''] }: Poll): string {
  if (kind === 'base') return shownId(key)
  return kind === 'git' || kind === 'blob' ? shownAddress(remote) : remote
}
