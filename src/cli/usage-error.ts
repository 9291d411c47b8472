/** A wrong command line told with what to type instead. */

import type { Command, CommanderError } from 'commander'
import { CnbError } from '../base/errors.ts'
import type { CommandDefinition } from './command.ts'
import { pathOf } from './help.ts'
import { insteadOfCommand, insteadOfOption } from './pack-words.ts'

/**
 * commander's error as ours.
 * @param command the one that refused its words
 * @param definitions all that cnb has, among which the word of an unknown command may stand in another place
 */
export function usageError(error: CommanderError, command: Command, definitions: readonly CommandDefinition[]): CnbError {
  const [what = '', suggestion] = error.message.replace(/^error: /, '').split('\n')
  const hint = instead(error, command, definitions) ?? suggestion?.replace(/^\(|\)$/g, '')
  return new CnbError('CNB_USAGE', what, { hint: [hint, `Run '${pathOf(command)} --help' to see what it takes.`].filter(Boolean).join(' ') })
}

function instead(error: CommanderError, command: Command, definitions: readonly CommandDefinition[]): string | undefined {
  const words = pathOf(command).split(' ').slice(1)
  if (error.code === 'commander.unknownOption') {
    return insteadOfOption(words.join(' '), /'([^'=]*)/.exec(error.message)?.[1] ?? '')
  }
  if (error.code !== 'commander.unknownCommand') return undefined
  const [unknown = ''] = command.args
  const elsewhere = definitions.find(({ name }) => name.split(' ').includes(unknown))
  return insteadOfCommand([...words, ...command.args]) ?? (elsewhere && `Did you mean ${elsewhere.name}?`)
}

/** A command's output format that it does not have. */
export function formatError({ name, formats, groups }: CommandDefinition, format: string): CnbError {
  // pack's `sbom download -o` is the directory.
  const directory = groups.some(({ options }) => 'outputDir' in options) ? ' The directory to write to is named by --output-dir.' : ''
  return new CnbError('CNB_USAGE', `'cnb ${name}' has no output format '${format}'`, { hint: `Choose one of ${formats.join(', ')}.${directory}` })
}
