/** Parses the command line with commander 14. Nothing is printed or run here. */

import { Command, CommanderError, InvalidArgumentError, Option, type Help } from 'commander'
import { CnbError } from '../base/errors.ts'
import { VERSION } from '../base/version.ts'
import type { ColorChoice } from '../ui/theme.ts'
import { formatArgument, type CommandDefinition, type Dialect, type OptionDefinition, type OptionGroup } from './command.ts'
import { CNB, COMMANDS, PARENTS } from './command-list.ts'
import { CommandHelp, pathOf } from './help.ts'
import { expandAlias } from './pack/aliases.ts'
import { COMMANDS_WITHOUT_MEANING, noEffect, OPTIONS_WITHOUT_MEANING } from './pack/without-meaning.ts'
import { insteadOfCommand } from './pack-words.ts'

/** The values of the global options. */
export interface Globals {
  readonly output: string
  readonly quiet: boolean
  readonly verbose: boolean
  readonly explain: boolean
  readonly color: ColorChoice
  readonly timestamps: boolean
}

/** A command to run, with its arguments and option values. */
export interface CommandRun {
  readonly kind: 'run'
  readonly definition: CommandDefinition
  /** One argument, or any number for a command with `several`. */
  readonly given: readonly string[]
  readonly values: Readonly<Record<string, unknown>>
  /** One line for each option of pack that is ignored. */
  readonly notes?: readonly string[]
}

export type Parsed =
  /** Text for stdout and, for a command of pack that is ignored, the reason for stderr. */
  | { readonly kind: 'print'; readonly text: string; readonly note?: string }
  | (CommandRun & { readonly globals: Globals })
  /** The command line is invalid; `globals` has the global options that could be parsed. */
  | { readonly kind: 'wrong'; readonly error: CnbError; readonly globals: Globals }

type OnRun = (run: CommandRun) => void

/**
 * Parses a command line.
 * @param argv without the program's name
 * @param columns the maximum width of help
 */
export function parseCommandLine(argv: readonly string[], columns = 100, dialect = CNB): Parsed {
  const state: { printed: string; run?: CommandRun; ending?: Command } = { printed: '' }
  const words = expandAlias(dialect.convert?.(argv) ?? argv, valuedNames(dialect.globals))
  const ignored = findIgnored(words)
  if (ignored) return ignored
  const program = makeProgram(dialect, words, (run) => (state.run = run), (text) => (state.printed += text), columns)
  // Commander looks for the program's options behind a command too, where a command may have an option of the same name.
  if (!hasOwnVersion(words)) program.version(VERSION, '--version', 'print the version')
  for (const command of allOf(program)) {
    // By default, commander would exit the process.
    command.exitOverride((error) => {
      state.ending = command
      throw error
    })
  }
  try {
    program.parse(words.length === 0 ? ['--help'] : [...words], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    const { ending = program } = state
    const isHelp = error.code === 'commander.helpDisplayed' || error.code === 'commander.help'
    const meant = isHelp ? commandAskedFor(program, ending) : undefined
    if (meant) {
      const parsed = parseCommandLine(meant, columns, dialect)
      return parsed.kind === 'wrong' ? { ...parsed, globals: readGlobals(program) } : parsed
    }
    if (error.exitCode === 0 || isHelp) return { kind: 'print', text: state.printed.trimEnd() }
    return { kind: 'wrong', error: usageError(error, ending, dialect.commands), globals: readGlobals(program) }
  }
  const globals = readGlobals(program)
  const { run } = state
  if (run === undefined) return { kind: 'print', text: state.printed.trimEnd() }
  const { output } = run.values
  // pack's format is an option of the commands that show something.
  if (typeof output === 'string') return { ...run, globals: { ...globals, output: output.replace('human-readable', 'human') } }
  if (run.definition.formats.some((format) => (format.endsWith('=') ? globals.output.startsWith(format) : globals.output === format))) return { ...run, globals }
  return { kind: 'wrong', error: formatError(run.definition, globals.output), globals: { ...globals, output: 'human' } }
}

/**
 * Returns the command line to parse instead where commander shows the help of a parent command for any input: the help of the
 * subcommand (`cnb --help build`, `cnb help builder create`), or an unknown subcommand, which is an error. Returns undefined if the
 * parent's help is the right answer.
 */
function commandAskedFor(program: Command, shown: Command): string[] | undefined {
  const typed = shown.args.length > 0 ? shown : program
  const words = typed.args.filter((word) => word !== '-h' && word !== '--help')
  const path = pathOf(typed).split(' ').slice(1)
  if (words[0] === 'help') return words.length > 1 ? [...path, ...words.slice(1), '--help'] : undefined
  if (words[0] === undefined || shown.commands.length === 0) return undefined
  const isKnown = typed.commands.some((command) => command.name() === words[0])
  if (isKnown && typed !== shown) return undefined
  return [...path, ...words, ...(isKnown ? ['--help'] : [])]
}

/** Whether the command line names a command with an option `--version`. */
function hasOwnVersion(argv: readonly string[]): boolean {
  const words = ` ${argv.filter((word) => !word.startsWith('-')).join(' ')} `
  return COMMANDS.some(({ name, groups }) => words.includes(` ${name} `) && groups.some(({ options }) => 'version' in options))
}

/** Returns the note on a command that is ignored, if the command line is one. */
function findIgnored(words: readonly string[]): Parsed | undefined {
  const [name, reason] = Object.entries(COMMANDS_WITHOUT_MEANING).find(([each]) => `${words.join(' ')} `.startsWith(`${each} `)) ?? []
  return name === undefined || reason === undefined ? undefined : { kind: 'print', text: '', note: noEffect(name, reason) }
}

/** Returns the names of the options that have a value. */
function valuedNames({ options }: OptionGroup): Set<string> {
  return new Set(Object.values(options).filter(({ kind }) => kind !== 'flag').flatMap(({ flags }) => flags.replace(/ <.*/, '').split(', ')))
}

function makeProgram({ program: name, commands, globals }: Dialect, argv: readonly string[], onRun: OnRun, write: (text: string) => void, width: number): Command {
  const definitions = new Map<Command, CommandDefinition>()
  const program = new Command(name)
    .description('Turns source code into container images with Cloud Native Buildpacks.')
    .helpOption('-h, --help', 'print help')
    .configureOutput({
      writeOut: write,
      writeErr: write,
      outputError: () => undefined,
      // By default, commander reads them from the process's streams, which opens these.
      getOutHelpWidth: () => width,
      getErrHelpWidth: () => width,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
  for (const option of Object.values(optionsOf([globals]))) program.addOption(option)
  for (const definition of commands) {
    const command = addCommand(program, definition, argv, onRun)
    if (command) definitions.set(command, definition)
  }
  const createHelp = (): Help => Object.assign(new CommandHelp((command) => definitions.get(command)), { helpWidth: width })
  for (const command of allOf(program)) command.createHelp = createHelp
  return program
}

/**
 * Adds a command below its parents. Only the parents are added if the command line does not name them all, because their help lists
 * the commands directly below them; creating all commands takes a fifth of the time of --help.
 */
function addCommand(program: Command, definition: CommandDefinition, argv: readonly string[], onRun: OnRun): Command | undefined {
  const parents = definition.name.split(' ')
  const name = parents.pop() ?? ''
  let parent = program
  for (const [index, word] of parents.entries()) {
    parent = childOf(parent, parents.slice(0, index + 1))
    if (!argv.includes(word)) return undefined
  }
  const command = parent.command(name, { isDefault: definition.isDefault }).summary(definition.summary).description(definition.description)
  if (definition.argument) command.arguments(formatArgument(definition.argument))
  // Creating the options of all commands takes a tenth of the time of --help.
  const options = argv.includes(name) ? optionsOf(definition.groups) : {}
  for (const option of Object.values(options)) command.addOption(option)
  const ignored = Object.entries(OPTIONS_WITHOUT_MEANING[definition.name] ?? {}).map(([flags, reason]) => ({ option: new Option(flags).hideHelp(), reason }))
  for (const { option } of ignored) command.addOption(option)
  return command.action(() => {
    const read = command.opts<Record<string, unknown>>()
    const values = Object.fromEntries(Object.entries(options).map(([key, option]) => [key, read[option.attributeName()]]))
    const notes = ignored.filter(({ option }) => read[option.attributeName()] !== undefined).map(({ option, reason }) => noEffect(option.long ?? '', reason))
    onRun({ kind: 'run', definition, given: command.args, values, ...(notes.length > 0 ? { notes } : {}) })
  })
}

/** @param words the words of a command that only has subcommands */
function childOf(parent: Command, words: readonly string[]): Command {
  const name = words.at(-1) ?? ''
  const found = parent.commands.find((command) => command.name() === name)
  if (found) return found
  const { summary = '', description = '' } = PARENTS[words.join(' ')] ?? {}
  return parent.command(name).summary(summary).description(description)
}

/** Returns a command and all its descendants. */
function allOf(command: Command): Command[] {
  return [command, ...command.commands.flatMap(allOf)]
}

/** Creates commander's options, by the key of their value. */
function optionsOf(groups: readonly OptionGroup[]): Record<string, Option> {
  const made = groups.flatMap(({ title, options }) =>
    Object.entries(options).map(([key, definition]) => [key, makeOption(definition).helpGroup(title)] as const),
  )
  return Object.fromEntries(made)
}

function makeOption(definition: OptionDefinition): Option {
  const option = new Option(definition.flags, definition.description)
  switch (definition.kind) {
    case 'flag':
      return option
    case 'text':
      return option.makeOptionMandatory(definition.required ?? false)
    case 'choice':
      return option.choices(definition.choices).default(...defaultOf(definition))
    case 'number':
      return option.argParser(parseCount)
    case 'list':
      return option.argParser<string[]>((value, list = []) => [...list, ...(definition.commas ? splitAtCommas(value) : [value])])
  }
}

/** Returns the default value, and its text in help if it is not one of the choices. */
function defaultOf(choice: { readonly default: string } | { readonly defaultIs: string }): [value: string | undefined, words?: string] {
  return 'default' in choice ? [choice.default] : [undefined, choice.defaultIs]
}

function splitAtCommas(value: string): string[] {
  return value.split(',').filter((part) => part !== '')
}

function parseCount(value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw new InvalidArgumentError('Expected a non-negative integer.')
  return Number(value)
}

function readGlobals(program: Command): Globals {
  const given = program.opts<Partial<Omit<Globals, 'color'>> & { color?: ColorChoice | false; forceColor?: boolean }>()
  return {
    output: given.output ?? 'human',
    quiet: given.quiet ?? false,
    verbose: given.verbose ?? false,
    explain: given.explain ?? false,
    color: given.forceColor ? 'always' : given.color === false ? 'never' : (given.color ?? 'auto'),
    timestamps: given.timestamps ?? false,
  }
}

/**
 * Converts commander's error.
 * @param command the command that rejected its arguments
 * @param definitions all commands, to suggest one that contains the unknown word
 */
function usageError(error: CommanderError, command: Command, definitions: readonly CommandDefinition[]): CnbError {
  const [what = '', suggestion] = error.message.replace(/^error: /, '').split('\n')
  const hint = instead(error, command, definitions) ?? suggestion?.replace(/^\(|\)$/g, '')
  return new CnbError('CNB_USAGE', what, { hint: [hint, `Run '${pathOf(command)} --help' for usage.`].filter(Boolean).join(' ') })
}

function instead(error: CommanderError, command: Command, definitions: readonly CommandDefinition[]): string | undefined {
  const words = pathOf(command).split(' ').slice(1)
  if (error.code !== 'commander.unknownCommand') return undefined
  const [unknown = ''] = command.args
  const elsewhere = definitions.find(({ name }) => name.split(' ').includes(unknown))
  return insteadOfCommand([...words, ...command.args]) ?? (elsewhere && `Did you mean ${elsewhere.name}?`)
}

/** The error for an output format that the command does not support. */
function formatError({ name, formats, groups }: CommandDefinition, format: string): CnbError {
  // pack's `sbom download -o` is the directory.
  const directory = groups.some(({ options }) => 'outputDir' in options) ? ' To set the output directory, use --output-dir.' : ''
  return new CnbError('CNB_USAGE', `'cnb ${name}' does not support output format '${format}'`, { hint: `Use one of ${formats.join(', ')}.${directory}` })
}
