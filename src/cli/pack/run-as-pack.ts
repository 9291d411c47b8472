/** Runs a command of cnb with pack's texts, documents and exit codes. */

import { CnbError, toCnbError } from '../../base/errors.ts'
import { NO_BUILDER } from '../../operations/builder/no-builder.ts'
import { suggestBuilders } from '../../operations/builder/suggested-builders.ts'
import type { Outcome } from '../../ui/reporter.ts'
import type { CommandContext, CommandDefinition } from '../command.ts'
import { fromLayoutImage } from './layout-image.ts'
import { packResult } from './results.ts'
import { VIEWS } from './views.ts'

/** The exit code without a builder; all other errors have 1. */
const EXIT_NO_BUILDER = 2

/** @throws CnbError with the command's errors, with pack's words before those of `build` and `rebase` */
export async function runAsPack(command: CommandDefinition, given: readonly string[], raw: Readonly<Record<string, unknown>>, session: CommandContext): Promise<Outcome> {
  const values = withNumbers(command, raw)
  try {
    const view = VIEWS[command.name]
    if (view) return await view(given[0] ?? '', values, session, raw['output'])
    const [named, chosen] = command.name === 'build' ? fromLayoutImage(given, values) : [given, values]
    return packResult(command.name, named, await command.run(named, chosen, session))
  } catch (thrown) {
    const error = toCnbError(thrown)
    if (error.message === NO_BUILDER) return { data: {}, line: '', exit: EXIT_NO_BUILDER, text: noBuilderText }
    throw command.name === 'build' ? error.withMessage(`failed to build: ${buildFailure(error)}`) : error
  }
}

/** Converts the numbers that pack's options accept, and leaves out the value that selects the format. */
function withNumbers({ groups }: CommandDefinition, { output: _, ...raw }: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const numbers = groups.flatMap(({ options }) => Object.entries(options).filter(([, { kind }]) => kind === 'number').map(([key]) => key))
  return Object.fromEntries(Object.entries(raw).map(([key, value]) => [key, numbers.includes(key) && typeof value === 'string' ? readNumber(value) : value]))
}

function readNumber(text: string): number | undefined {
  if (!/^-?\d{1,9}$/.test(text)) throw new CnbError('CNB_USAGE', `invalid argument "${text}": expected a number`)
  return Number(text) < 0 ? undefined : Number(text)
}

/** A failed phase has its exit code in pack's text. */
function buildFailure({ code, exit, message }: CnbError): string {
  const isPhase = /^CNB_(DETECT|ANALYZE|RESTORE|BUILD|EXPORT|PHASE)_FAILED$/.test(code)
  return isPhase ? `executing lifecycle: failed with status code: ${exit}\n${message}` : message
}

function noBuilderText(): string {
  return [
    'Please select a default builder with:\n\n\tpack config default-builder <builder-image>\n\nSuggested builders:',
    ...suggestBuilders().map(({ vendor, image, base, purpose }) => `\t${`${vendor}:`.padEnd(20)}'${image}'  ${base}: ${purpose}`),
    '\nTip: Learn more about a specific builder with:\n\tpack builder inspect <builder-image>',
  ].join('\n')
}
