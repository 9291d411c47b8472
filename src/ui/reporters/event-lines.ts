/** One-line texts of decision and span events. */

import type { CnbEvent, DecisionSubject } from '../../base/events.ts'
import { formatDuration } from '../quantity.ts'
import { sanitizeText, visibleLength } from '../sanitize.ts'
import type { Theme } from '../theme.ts'

type Decision = Extract<CnbEvent, { type: 'decision' }>
type SpanEvent = Extract<CnbEvent, { type: 'span' }>

/** Outcomes are aligned at this column; most subjects are shorter. */
const SUBJECT_WIDTH = 40

/** Returns a decision's line: `why  layer 'node:modules'   reused: its files are unchanged`. */
export function decisionLine({ subject, outcome, reason }: Decision, theme: Theme): string {
  const text = subjectText(subject, theme)
  const space = ' '.repeat(Math.max(0, SUBJECT_WIDTH - visibleLength(text)))
  return `${theme.dim('why')}  ${text}${space}  ${theme.bold(oneLine(outcome))}${theme.dim(':')} ${oneLine(reason)}`
}

function subjectText({ kind, name }: DecisionSubject, theme: Theme): string {
  return name === undefined ? kind : `${kind} ${theme.name(oneLine(name))}`
}

/** Returns a span's line: `engine  POST /containers/create  201  12ms`. */
export function spanText({ category, name, durationMs, args = {} }: SpanEvent): string {
  const details = Object.values(args).map(String)
  return oneLine([category, name, ...details, precise(durationMs)].join('  '))
}

/** Returns milliseconds below one second: most calls take less than 100 ms. */
function precise(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)}ms` : formatDuration(ms)
}

/** Sanitizes a text and joins its lines: error messages may have several lines, and names are untrusted. */
function oneLine(text: string): string {
  return sanitizeText(text).replace(/\s*\n\s*/g, '; ')
}
