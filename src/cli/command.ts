/** Commands as data: name, argument, options and help. The handler is loaded when the command runs. */

import type { CnbError } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import type { Host, RegistryServices, EngineServices } from '../operations/services.ts'
import type { UserTerminal } from '../operations/shell/shell.ts'
import type { AppOutput } from '../ui/reporters/app-output.ts'
import type { Outcome } from '../ui/reporter.ts'

/** One option. Values are never variadic: `--tag a b` must not consume the argument `b`. */
export type OptionDefinition = {
  /** In commander's format: `-p, --path <dir>`. */
  readonly flags: string
  readonly description: string
} & (
  | { readonly kind: 'flag' }
  | { readonly kind: 'text'; readonly required?: boolean }
  /** Help shows `defaultIs` instead of a missing `default`. */
  | ({ readonly kind: 'choice'; readonly choices: readonly string[] } & ({ readonly default: string } | { readonly defaultIs: string }))
  /** A non-negative integer. */
  | { readonly kind: 'number' }
  /** Repeatable; with `commas`, one value may contain several. */
  | { readonly kind: 'list'; readonly commas?: boolean }
)

/** Options that help lists under one title; each key is the name of the value. */
export interface OptionGroup {
  readonly title: string
  readonly options: Readonly<Record<string, OptionDefinition>>
}

type ValueOf<O> = O extends { kind: 'flag' }
  ? boolean
  : O extends { kind: 'number' }
    ? number
    : O extends { kind: 'list' }
      ? string[]
      : O extends { kind: 'choice'; choices: readonly (infer Choice)[] }
        ? Choice
        : string

/** The options of all `Groups`, by key. */
type OptionsOf<Groups extends readonly OptionGroup[]> = UnionToIntersection<Groups[number]['options']>
type UnionToIntersection<U> = (U extends unknown ? (each: U) => void : never) extends (all: infer I) => void ? I : never

/** The values of a command's options; undefined for an option that is absent, unless it is required. */
type Values<Groups extends readonly OptionGroup[]> = {
  [K in keyof OptionsOf<Groups>]: ValueOf<OptionsOf<Groups>[K]> | (OptionsOf<Groups>[K] extends { required: true } ? never : undefined)
}

/**
 * Compiles only if the options and the values that the handler reads have the same keys and types. Otherwise the definition lacks
 * a property with a name that says which side is wrong.
 */
type Agreement<Groups extends readonly OptionGroup[], V> = [Exclude<keyof Values<Groups>, keyof V>] extends [never]
  ? [Exclude<keyof V, keyof Values<Groups>>] extends [never]
    ? [Values<Groups>] extends [V]
      ? unknown
      : { readonly optionsOfAnotherType: V }
    : { readonly valuesWithoutOption: Exclude<keyof V, keyof Values<Groups>> }
  : { readonly optionsThatNothingReads: Exclude<keyof Values<Groups>, keyof V> }

/** The environment of a handler. */
export interface CommandContext {
  readonly host: Host
  /** The signal that aborts the command and the receiver of its events. */
  readonly context: Context
  readonly verbose: boolean
  /** Whether the command prints the reasons of its decisions, some of which are computed only on request. */
  readonly explain: boolean
  /** Connects to the engine; call it only in commands that need one. */
  readonly services: () => Promise<EngineServices>
  /** Registry services, which need no engine. */
  readonly remote: RegistryServices
  /** Standard input as bytes; read only if the command line says to. */
  readonly input: AsyncIterable<Buffer>
  /** Prints a question, and returns whether the answer of the person at the terminal is yes. Absent without a terminal. */
  readonly confirm?: (question: string) => Promise<boolean>
  /** Opens the terminal for another program. Absent unless input and output are one. */
  readonly userTerminal?: () => UserTerminal
  readonly dialect: Dialect
  /** The value of --output. */
  readonly output: string
  /** Prints a part of the result at once, for results that are long or still grow. */
  readonly print: (text: string) => void
  /** Opens the receivers of a running app's output. */
  readonly appOutput: () => AppOutput
  /** Returns the signal of a second Ctrl-C; after this call, only a third one ends the process at once. */
  readonly hurry: () => AbortSignal
}

/** A spelling of the command line: cnb's own, or pack's for a program of that name. */
export interface Dialect {
  /** The program's name. */
  readonly program: 'cnb' | 'pack'
  readonly commands: readonly CommandDefinition[]
  readonly globals: OptionGroup
  /** Converts words to commander's syntax. */
  readonly convert?: (argv: readonly string[]) => readonly string[]
  /** Returns the environment of the commands: pack's configuration file is another. */
  readonly hostOf?: (host: Host) => Host
  /** Returns the exit code after an error. */
  exitOf(error: CnbError): number
}

/** Runs a command and returns its result; it prints nothing itself. The reporter prints the result in the selected format. An absent argument is ''. */
export type Handler<V> = (argument: string, values: V, session: CommandContext) => Promise<Outcome>

/** The same for a command with any number of arguments. */
export type HandlerOfSeveral<V> = (given: readonly string[], values: V, session: CommandContext) => Promise<Outcome>

/** Output formats of commands that create something, and of commands that show something. */
export const MAKING_FORMATS = ['human', 'json', 'ndjson'] as const
export const SHOWING_FORMATS = ['human', 'json', 'yaml', 'toml'] as const

interface CommandArgument {
  readonly name: string
  readonly description: string
  readonly optional?: true
  readonly several?: true
  /** The arguments after it: `image`, `images...`, or `[destination]` if it may be absent. */
  readonly second?: string
}

interface CommandData {
  /** The command's words: `builder create`. */
  readonly name: string
  /** Whether the command runs for its parent's words alone. */
  readonly isDefault?: true
  /** One line for the list of commands. */
  readonly summary: string
  /** A paragraph. */
  readonly description: string
  /** The argument, if the command has one; with `optional`, it may be absent; with `several`, it may occur any number of times, including none. */
  readonly argument?: CommandArgument
  readonly formats: readonly string[]
  /** Complete command lines, each with a description. */
  readonly examples: readonly { readonly line: string; readonly does: string }[]
}

export interface CommandDefinition extends CommandData {
  readonly groups: readonly OptionGroup[]
  run(given: readonly string[], values: Readonly<Record<string, unknown>>, session: CommandContext): Promise<Outcome>
}

/** Formats a command's argument for a usage line. */
export function formatArgument({ name, several, optional, second }: Pick<CommandArgument, 'name' | 'second'> & { several?: boolean; optional?: boolean }): string {
  if (several) return `[${name}...]`
  if (second) return `<${name}> ${second.startsWith('[') ? second : `<${second}>`}`
  return optional ? `[${name}]` : `<${name}>`
}

/** Returns the names of an option: `-p`, `--path`. */
export function optionNames({ flags }: Pick<OptionDefinition, 'flags'>): string[] {
  return flags.match(/(?<![\w-])--?[\w-]+/g) ?? []
}

/** Formats a list of words: `human, json or yaml`. */
export function either(choices: readonly string[]): string {
  return choices.join(', ').replace(/, ([^,]+)$/, ' or $1')
}

/** Defines a command; the compiler checks that its handler reads exactly the values of its options. */
export function defineCommand<const Groups extends readonly OptionGroup[], V>(
  definition: CommandData & { readonly groups: Groups; load(): Promise<Handler<V>> } & Agreement<Groups, V>,
): CommandDefinition {
  return {
    ...definition,
    // The parser fills the values from the same definitions, so the types match.
    run: async ([argument = ''], values, session) => (await definition.load())(argument, values as V, session),
  }
}

/** The same for a command with two arguments or any number of them. */
export function defineCommandOnSeveral<const Groups extends readonly OptionGroup[], V>(
  definition: CommandData & { readonly argument: { readonly several: true } | { readonly second: string }; readonly groups: Groups; load(): Promise<HandlerOfSeveral<V>> } & Agreement<Groups, V>,
): CommandDefinition {
  return {
    ...definition,
    run: async (given, values, session) => (await definition.load())(given, values as V, session),
  }
}
