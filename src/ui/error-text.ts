/** Human-readable errors: what failed, where, what to do, and the error code. */

import { inspect } from 'node:util'
import { ERRORS, type CnbError, type SourcePosition } from '../base/errors.ts'
import { withSourcePositions } from '../base/source-positions.ts'
import { sanitizeLine, sanitizeText, truncate } from './sanitize.ts'
import type { Theme } from './theme.ts'

const MAX_SOURCE_LINE = 120

/** Formats `file:line:column`, which editors recognize. */
function formatPosition({ file, line, column }: SourcePosition): string {
  return sanitizeText([file, line, line === undefined ? undefined : column].filter((part) => part !== undefined).join(':'))
}

/** Formats an error; `verbose` adds its stack and causes. */
export function errorText(error: CnbError, theme: Theme, verbose: boolean): string {
  const [first = '', ...more] = sanitizeText(error.message).trimEnd().split('\n')
  const lines = [`${theme.error('ERROR:')} ${first}`, ...more.map((line) => `  ${line}`)]
  if (error.position) lines.push(`  ${theme.dim('in')} ${formatPosition(error.position)}`, ...excerpt(error, theme))
  if (error.hint) lines.push(...sanitizeText(error.hint).split('\n').map((line) => `  ${line}`))
  lines.push(theme.dim(`  ${error.code}${error.exit === ERRORS[error.code].exit ? '' : ` (exit code ${error.exit})`}`))
  if (verbose) lines.push(...history(error).map((line) => theme.dim(line)))
  return lines.join('\n')
}

/** Returns the source line with a caret below the column; empty if the error has no source line. */
function excerpt({ position: { line, column } = { file: '' }, source: text }: CnbError, theme: Theme): string[] {
  if (line === undefined || text === undefined || text.trim() === '') return []
  const gutter = `${line} │ `.padStart(8)
  // A tab has no fixed width: printed as one space, it keeps the caret aligned.
  const source = truncate(sanitizeLine(text.replaceAll('\t', ' '), false), MAX_SOURCE_LINE)
  const lines = [`  ${theme.dim(gutter)}${source}`]
  if (column === undefined || column > source.length + 1) return lines
  return [...lines, `  ${theme.dim('│ '.padStart(gutter.length))}${' '.repeat(column - 1)}${theme.error('^')}`]
}

/** Returns the stacks of an error and of its causes, at most 10. */
function history(error: Error): string[] {
  const lines: string[] = []
  const seen = new Set<unknown>()
  for (let cause: unknown = error; cause !== undefined && !seen.has(cause) && seen.size < 10; ) {
    seen.add(cause)
    const text = cause instanceof Error ? withSourcePositions(cause.stack ?? cause.message) : inspect(cause)
    lines.push(...sanitizeText(`${cause === error ? '' : 'Caused by: '}${text}`).split('\n').map((line) => `  ${line}`))
    cause = cause instanceof Error ? cause.cause : undefined
  }
  return lines
}
