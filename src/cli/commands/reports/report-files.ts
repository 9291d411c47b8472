/** `--summary-file`, `--result-file`, `--timings`: reports of a command besides its result. */

import { appendFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { CnbError, toCnbError } from '../../../base/errors.ts'
import { writeFileAtomically } from '../../../base/files.ts'
import type { Outcome } from '../../../ui/reporter.ts'
import { prettyJson, SCHEMA_VERSION } from '../../../ui/reporters/json.ts'
import type { CommandContext } from '../../command.ts'
import { codeCell } from '../../markdown-table.ts'
import { timeSession } from './timings.ts'

export interface ReportOptions {
  readonly summaryFile?: string | undefined
  readonly resultFile?: string | undefined
  readonly timings?: boolean | undefined
}

/** GitHub rejects the summary of a step if it has more. */
const MAX_BYTES = 1024 * 1024
const CUT = '\n\n(The rest does not fit: a summary has at most 1 MiB.)\n'

/** An outcome and its text in Markdown. */
export interface Reported {
  readonly outcome: Outcome
  readonly markdown: () => Promise<string> | string
}

/**
 * Runs the command's work, and writes its result to the files, also after a failure.
 * @throws CnbError CNB_OUTPUT before the work starts if a file cannot be written; a later failure is a warning, because the work is done
 */
export async function withReports({ summaryFile, resultFile, timings }: ReportOptions, session: CommandContext, work: (session: CommandContext) => Promise<Reported>): Promise<Outcome> {
  const { host, context } = session
  const [summary, result] = [summaryFile, resultFile].map((file) => (file === undefined ? undefined : resolve(host.cwd, file)))
  if (summary !== undefined && summary === result) throw new CnbError('CNB_USAGE', '--summary-file and --result-file name the same file', { hint: 'Use two files.' })
  for (const file of [summary, result]) if (file !== undefined) await appendFile(file, '').catch(failed(file))
  const write = async (document: object, markdown: () => Promise<string> | string): Promise<void> => {
    if (result !== undefined) await writeFileAtomically(result, `${prettyJson({ schemaVersion: SCHEMA_VERSION, ...document })}\n`).catch(failed(result))
    if (summary !== undefined) await append(summary, await markdown()).catch(failed(summary))
  }
  const warn = (error: unknown): void => context.events?.({ type: 'warning', message: `${(error as Error).message}; the command's work is not affected` })
  let reported: Reported
  try {
    const timed = timings ? timeSession(session) : undefined
    reported = await work(timed?.session ?? session)
    if (timed) reported = { ...reported, outcome: timed.added(reported.outcome) }
  } catch (thrown) {
    const error = toCnbError(thrown)
    await write({ error: error.toJSON() }, () => failureMarkdown(error)).catch(warn)
    throw thrown
  }
  await write(reported.outcome.data, reported.markdown).catch(warn)
  return reported.outcome
}

function failed(file: string) {
  return (error: unknown): never => {
    throw new CnbError('CNB_OUTPUT', `cannot write ${file}: ${(error as Error).message}`, { cause: error, hint: 'Choose a writable file.' })
  }
}

/** Appends text after that of earlier commands of the step, as far as it fits. */
async function append(file: string, markdown: string): Promise<void> {
  const { size } = await stat(file)
  await appendFile(file, fit(`${markdown}\n\n`, MAX_BYTES - size))
}

/** Omits whole lines at the end of a text that is too long. */
export function fit(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text
  const kept = Buffer.from(text).subarray(0, Math.max(0, bytes - CUT.length))
  const end = kept.lastIndexOf('\n')
  return end < 0 ? '' : kept.subarray(0, end).toString() + CUT
}

function failureMarkdown({ code, message, hint }: CnbError): string {
  // Each line as code, and two spaces for a line break.
  const lines = [message, hint ?? ''].flatMap((text) => text.split('\n')).filter((line) => line !== '').map(codeCell)
  return [`### Failed: ${codeCell(code)}`, '', lines.join('  \n')].join('\n')
}
