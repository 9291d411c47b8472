/** The text of `cnb doctor`: a line for each result, with its remedy below, and the conclusion last. */

import { counted } from '../../../base/counted.ts'
import { NAME } from '../../../base/version.ts'
import type { CheckResult, Status } from '../../../operations/about/doctor/check.ts'
import type { Diagnosis } from '../../../operations/about/doctor/doctor.ts'
import { sanitizeLine } from '../../../ui/sanitize.ts'
import type { Theme } from '../../../ui/theme.ts'
import { wrapText } from '../../wrap-text.ts'

const MARKS = {
  ok: { mark: '✓', style: 'success' },
  warning: { mark: '!', style: 'warning' },
  problem: { mark: '✗', style: 'error' },
  skipped: { mark: '-', style: 'dim' },
} as const satisfies Record<Status, { readonly mark: string; readonly style: keyof Theme }>
/** Columns below which the texts are not right of the names. */
const NARROW = 60
const INDENT = 4

export function diagnosisText(diagnosis: Diagnosis, theme: Theme): string {
  const { version, node, platform, checks, canBuild } = diagnosis
  const names = Math.max(...checks.map(({ check }) => check.length))
  const lines = checks.flatMap((result, index) => resultLines(result, { names, isMore: checks[index - 1]?.check === result.check }, theme))
  const summary = diagnosisSummary(diagnosis)
  return [`${NAME} ${version}, Node.js ${node}, ${platform}`, '', ...lines, '', canBuild ? theme.success(summary) : theme.error(summary)].join('\n')
}

/** Returns the conclusion: `A build would work (1 warning).` */
export function diagnosisSummary({ canBuild, checks }: Diagnosis): string {
  const count = (status: Status): number => checks.filter((result) => result.status === status).length
  const warnings = count('warning') > 0 ? [counted(count('warning'), 'warning')] : []
  if (canBuild) return `A build would work${warnings.map((text) => ` (${text})`).join('')}.`
  return `A build would not work: ${[counted(count('problem'), 'problem'), ...warnings].join(', ')}.`
}

/** @param layout the length of the longest name, and whether the result belongs to the check of the one before, with its name on that line */
function resultLines({ check, status, found, fix }: CheckResult, { names, isMore }: { readonly names: number; readonly isMore: boolean }, theme: Theme): string[] {
  const isNarrow = theme.width !== undefined && theme.width < NARROW
  const left = isNarrow ? INDENT : INDENT + names + 2
  const room = Math.max(20, (theme.width ?? Infinity) - left)
  const { mark, style } = MARKS[status]
  const head = `  ${theme[style](mark)} ${isNarrow ? check : (isMore ? '' : check).padEnd(names + 2)}`
  const texts = [...wrapped(status === 'skipped' ? `not checked: ${found}` : found, room), ...(fix === undefined ? [] : wrapped(`→ ${fix}`, room).map((line) => theme.bold(line)))]
  const indented = texts.map((line) => ' '.repeat(left) + line)
  if (isNarrow) return [head, ...indented]
  return [head + (texts[0] ?? ''), ...indented.slice(1)]
}

function wrapped(text: string, room: number): string[] {
  return text.split('\n').flatMap((line) => wrapText(sanitizeLine(line, false), room))
}
