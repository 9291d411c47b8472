/** Handler of `cnb completion`. */

import { join } from 'node:path'
import { CnbError } from '../../../base/errors.ts'
import { writeFileAtomically } from '../../../base/files.ts'
import type { Dialect, Handler } from '../../command.ts'
import { completionScript, type CompletedCommand, type Shell } from './completion-script.ts'

const EXTENSIONS: Readonly<Record<Shell, string>> = { bash: 'sh', fish: 'fish', powershell: 'ps1', zsh: 'zsh' }

export const runCompletion: Handler<{ shell?: Shell | undefined }> = async (_argument, { shell = 'bash' }, { host, dialect }) => {
  const { env, home } = host
  const directory = dialect.program === 'pack' ? env['PACK_HOME'] || join(home, '.pack') : env['CNB_HOME'] || join(home, '.cnb')
  const path = join(directory, `completion.${EXTENSIONS[shell]}`)
  try {
    await writeFileAtomically(path, completionScript(shell, dialect.program, { commands: completedCommands(dialect), valued: valuedOptions(dialect) }))
  } catch (error) {
    throw new CnbError('CNB_OUTPUT', `cannot write the completion script: ${(error as Error).message}`, { cause: error })
  }
  return { data: { shell, path }, line: path, text: () => path }
}

/** Returns the options with a value, without names that are switches of another command. */
export function valuedOptions({ commands, globals }: Dialect): string[] {
  const options = [globals, ...commands.flatMap(({ groups }) => groups)].flatMap((group) => Object.values(group.options))
  const namesOf = (isSwitch: boolean) => new Set(options.filter(({ kind }) => (kind === 'flag') === isSwitch).flatMap(({ flags }) => namesIn(flags)))
  const switches = namesOf(true)
  return [...namesOf(false)].filter((name) => !switches.has(name))
}

/** Returns the words after each command: subcommands, and its own and the global options. */
export function completedCommands({ commands, globals }: Dialect): CompletedCommand[] {
  const flagsOf = (groups: readonly Dialect['globals'][]): string[] =>
    groups.flatMap(({ options }) => Object.values(options).flatMap(({ flags }) => namesIn(flags)))
  const names = new Set(['', ...commands.flatMap(({ name }) => name.split(' ').map((_, end, words) => words.slice(0, end + 1).join(' ')))])
  return [...names].map((name) => {
    const below = [...names].filter((other) => other !== '' && other.split(' ').slice(0, -1).join(' ') === name)
    const own = commands.find((command) => command.name === name)
    return { name, words: [...below.map((other) => other.split(' ').at(-1) ?? ''), ...flagsOf([...(own?.groups ?? []), globals])] }
  })
}

function namesIn(flags: string): string[] {
  return flags.match(/(?<![\w-])--?[\w-]+/g) ?? []
}
