/** Reads the words of an unfinished command line. */

import { optionNames, type CommandDefinition, type Dialect, type OptionDefinition } from '../command.ts'

export interface TypedLine {
  /** The words of the command so far: `builder create`. */
  readonly name: string
  readonly command: CommandDefinition | undefined
  readonly args: readonly string[]
  /** Values by the option's long name. */
  readonly values: ReadonlyMap<string, string>
  /** The option that needs a value as the next word. */
  readonly open: OptionDefinition | undefined
  /** Whether `--` ended the options. */
  readonly ended: boolean
}

/** Returns the options of a command, its own first. */
export function optionsOf(command: CommandDefinition | undefined, { globals }: Dialect): OptionDefinition[] {
  return [...(command?.groups ?? []), globals].flatMap(({ options }) => Object.values(options))
}

/** Whether a command or the parent of commands has these words. */
function isCommand(name: string, { commands }: Dialect): boolean {
  return commands.some((command) => command.name === name || command.name.startsWith(`${name} `))
}

/** Returns the words that may follow the words of a command. */
export function subcommands(name: string, { commands }: Dialect): string[] {
  const before = name === '' ? '' : `${name} `
  return [...new Set(commands.filter((command) => command.name.startsWith(before)).map((command) => command.name.slice(before.length).split(' ')[0] ?? ''))]
}

/** @param words the complete words before the one to complete, without the program */
export function readLine(words: readonly string[], dialect: Dialect): TypedLine {
  let name = ''
  let open: OptionDefinition | undefined
  let ended = false
  const args: string[] = []
  const values = new Map<string, string>()
  const commandOf = (): CommandDefinition | undefined => dialect.commands.find((command) => command.name === name)
  for (const word of words) {
    if (open) {
      values.set(optionNames(open).at(-1) ?? '', word)
      open = undefined
    } else if (ended || !word.startsWith('-')) {
      const longer = name === '' ? word : `${name} ${word}`
      if (args.length === 0 && !ended && isCommand(longer, dialect)) name = longer
      else args.push(word)
    } else if (word === '--') ended = true
    else {
      const [flag = '', ...value] = word.split('=')
      const option = optionsOf(commandOf(), dialect).find((each) => optionNames(each).includes(flag))
      if (value.length > 0) values.set(flag, value.join('='))
      else if (option && option.kind !== 'flag') open = option
    }
  }
  return { name, command: commandOf(), args, values, open, ended }
}
