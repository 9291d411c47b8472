/** The intervals of the polls, from options. */

import { CnbError } from '../../../base/errors.ts'
import type { Intervals } from '../../../reconcile/watch/polls.ts'

export interface PollOptions {
  readonly pollGit?: string
  readonly pollBlobs?: string
  readonly pollImages?: string
  readonly pollLocal?: string
}

const PARTS = /^(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?$/
const DEFAULTS = { pollGit: '1m', pollBlobs: '5m', pollImages: '5m', pollLocal: '30s' } as const
const FLAGS = { pollGit: '--poll-git', pollBlobs: '--poll-blobs', pollImages: '--poll-images', pollLocal: '--poll-local' } as const

/** @throws CnbError CNB_USAGE for an invalid duration */
export function readIntervals(options: PollOptions): Intervals {
  const of = (name: keyof typeof DEFAULTS): number => parseDuration(options[name] ?? DEFAULTS[name], FLAGS[name])
  return { git: of('pollGit'), blobs: of('pollBlobs'), images: of('pollImages'), local: of('pollLocal') }
}

/** Parses `90s`, `5m`, `1h30m`: a second or more. Returns milliseconds. */
function parseDuration(text: string, flag: string): number {
  const [, hours = '0', minutes = '0', seconds = '0'] = PARTS.exec(text) ?? []
  const ms = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000
  if (ms > 0) return ms
  throw new CnbError('CNB_USAGE', `invalid ${flag} '${text}': expected a duration`, { hint: 'Write hours, minutes and seconds, such as 30s, 5m or 1h30m.' })
}
