/** Events that are one line each, for people: decisions and spans. */

import type { CnbEvent, DecisionSubject } from '../../base/events.ts'
import { formatDuration } from '../quantity.ts'
import { sanitizeText, visibleLength } from '../sanitize.ts'
import type { Theme } from '../theme.ts'

type Decision = Extract<CnbEvent, { type: 'decision' }>
type Span = Extract<CnbEvent, { type: 'span' }>

/** Most subjects are shorter; the outcomes of those stand below each other. */
const SUBJECT_WIDTH = 40

/** `why  layer 'node:modules'   reused: its files are unchanged`. */
export function decisionLine({ subject, outcome, reason }: Decision, theme: Theme): string {
  const text = subjectText(subject, theme)
  const space = ' '.repeat(Math.max(0, SUBJECT_WIDTH - visibleLength(text)))
  return `${theme.dim('why')}  ${text}${space}  ${theme.bold(oneLine(outcome))}${theme.dim(':')} ${oneLine(reason)}`
}

function subjectText({ kind, name }: DecisionSubject, theme: Theme): string {
  return name === undefined ? kind : `${kind} ${theme.name(oneLine(name))}`
}

/** `engine  POST /containers/create  201  12ms`. */
export function spanText({ category, name, durationMs, args = {} }: Span): string {
  const details = Object.values(args).map(String)
  return oneLine([category, name, ...details, precise(durationMs)].join('  '))
}

/** Calls are mostly shorter than a tenth of a second. */
function precise(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)}ms` : formatDuration(ms)
}

/** An error's message may have several lines, and names are anybody's. */
function oneLine(text: string): string {
  return sanitizeText(text).replace(/\s*\n\s*/g, '; ')
}
