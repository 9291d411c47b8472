/** The help text of a command: description, usage, arguments, options, examples. */

import { Help, type Command, type Option } from 'commander'
import { either, formatArgument, type CommandDefinition } from './command.ts'
import { wrapText } from './wrap-text.ts'

const MAX_WIDTH = 100
/** Maximum width of the left column; the description of a longer term starts on the next line. */
const MAX_TERM = 30

/** commander's help with our layout. `definitionOf` returns the definition that a command was created from. */
export class CommandHelp extends Help {
  readonly #definitionOf: (command: Command) => CommandDefinition | undefined

  constructor(definitionOf: (command: Command) => CommandDefinition | undefined) {
    super()
    this.#definitionOf = definitionOf
  }

  override formatHelp(command: Command, helper: Help): string {
    const width = Math.min(helper.helpWidth ?? MAX_WIDTH, MAX_WIDTH)
    const definition = this.#definitionOf(command)
    const root = rootOf(command)
    const sections: [title: string, items: [term: string, description: string][]][] = []
    if (!definition) sections.push(...this.#subcommandsOf(command))
    const { argument } = definition ?? {}
    if (argument) sections.push(['Arguments:', [[formatArgument(argument), argument.description]]])
    for (const [title, options] of groupsOf(definition ? command.options.filter(({ hidden }) => !hidden) : [])) {
      sections.push([title, options.map((option) => [option.flags, describe(option)])])
    }
    const globals: [string, string][] = root.options
      .filter((option) => command === root || option.attributeName() !== 'version')
      .map((option) => [option.flags, option.attributeName() === 'output' ? describeOutput(definition) : describe(option)])
    sections.push(['Global options:', [...globals, ['-h, --help', 'print this help']]])

    const terms = sections.flatMap(([, items]) => items.map(([term]) => term.length))
    const left = Math.min(MAX_TERM, Math.max(...terms)) + 2
    return [
      ...wrapText(command.description(), width),
      '',
      `Usage: ${definition ? usageOf(command, undefined) : pathOf(command)} ${definition ? '[options]' : '<command> [options]'}`,
      ...sections.flatMap(([title, items]) => ['', title, ...items.flatMap(([term, text]) => item(term, text, left, width))]),
      '',
      'Examples:',
      ...this.#examplesOf(command).flatMap(({ line, does }) => [`  # ${does}`, `  ${line}`]),
      ...(definition ? [] : ['', `Run '${pathOf(command)} <command> --help' for a command's options and examples.`]),
    ].join('\n')
  }

  /** Returns the commands directly below a command, apart from those that only have subcommands. */
  #subcommandsOf(command: Command): [title: string, items: [term: string, description: string][]][] {
    const items = (isGroup: boolean): [string, string][] =>
      command.commands.filter((child) => (this.#definitionOf(child) === undefined) === isGroup).map((child) => [usageOf(child, command), child.summary()])
    const groups = items(true)
    return [['Commands:', items(false)], ...(groups.length > 0 ? [['Command groups:', groups] as [string, [string, string][]]] : [])]
  }

  /** Returns a command's examples; for a command with subcommands, the first example of each of the first three. */
  #examplesOf(command: Command): CommandDefinition['examples'] {
    const own = this.#definitionOf(command)?.examples
    return own ?? command.commands.flatMap((child) => this.#definitionOf(child)?.examples.slice(0, 1) ?? []).slice(0, 3)
  }
}

function rootOf(command: Command): Command {
  return command.parent ? rootOf(command.parent) : command
}

/** Returns a command's full name, starting with the program's. */
export function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name()
}

function usageOf(command: Command, below: Command | undefined): string {
  const path = below ? pathOf(command).slice(pathOf(below).length + 1) : pathOf(command)
  return [path, ...command.registeredArguments.map((argument) => formatArgument({ name: argument.name(), several: argument.variadic, optional: !argument.required }))].join(' ')
}

/** Groups options by title, in order of first use. */
function groupsOf(options: readonly Option[]): Map<string, Option[]> {
  const groups = new Map<string, Option[]>()
  for (const option of options) {
    const title = option.helpGroupHeading ?? 'Options:'
    groups.set(title, [...(groups.get(title) ?? []), option])
  }
  return groups
}

function describe(option: Option): string {
  if (!option.argChoices) return option.description
  return `${option.description}: ${either(option.argChoices)} (default: ${option.defaultValueDescription ?? String(option.defaultValue)})`
}

function describeOutput(definition: CommandDefinition | undefined): string {
  return `output format: ${definition ? either(definition.formats) : 'human, json, or another format of the command'} (default: human)`
}

function item(term: string, text: string, left: number, width: number): string[] {
  const [first = '', ...more] = wrapText(text, Math.max(20, width - left - 2))
  const indent = ' '.repeat(left + 2)
  const head = term.length <= left - 2 ? [`  ${term.padEnd(left)}${first}`] : [`  ${term}`, indent + first]
  return [...head, ...more.map((line) => indent + line)]
}
