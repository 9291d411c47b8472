/** A command as data: what it is called, takes and means. What it does is loaded only when it is asked for. */

import type { Context } from '../base/events.ts'
import type { Host, RegistryServices, EngineServices } from '../operations/services.ts'
import type { Outcome } from '../ui/reporter.ts'

/** One option. Values are never variadic: `--tag a b` must not swallow the argument `b`. */
export type OptionDefinition = {
  /** As commander takes them: `-p, --path <dir>`. */
  readonly flags: string
  readonly description: string
} & (
  | { readonly kind: 'flag' }
  | { readonly kind: 'text'; readonly required?: boolean }
  /** Without a `default`, `defaultIs` tells people what is taken. */
  | ({ readonly kind: 'choice'; readonly choices: readonly string[] } & ({ readonly default: string } | { readonly defaultIs: string }))
  /** A whole number from 0 up. */
  | { readonly kind: 'number' }
  /** Given again and again; with `commas`, one value may also hold several. */
  | { readonly kind: 'list'; readonly commas?: boolean }
)

/** A set of options that help shows under one title; keys name their values. */
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

/** What a command's options hold; one that was not given is undefined, unless it is required. */
type Values<Groups extends readonly OptionGroup[]> = {
  [K in keyof OptionsOf<Groups>]: ValueOf<OptionsOf<Groups>[K]> | (OptionsOf<Groups>[K] extends { required: true } ? never : undefined)
}

/**
 * Compiles only if the options and the values that the handler reads have the same keys and types. Otherwise the definition lacks
 * a property, whose name says which side has too much.
 */
type Agreement<Groups extends readonly OptionGroup[], V> = [Exclude<keyof Values<Groups>, keyof V>] extends [never]
  ? [Exclude<keyof V, keyof Values<Groups>>] extends [never]
    ? [Values<Groups>] extends [V]
      ? unknown
      : { readonly optionsOfAnotherType: V }
    : { readonly valuesWithoutOption: Exclude<keyof V, keyof Values<Groups>> }
  : { readonly optionsThatNothingReads: Exclude<keyof Values<Groups>, keyof V> }

/** What a handler works with. */
export interface CommandContext {
  readonly host: Host
  /** How to stop, and where to tell what happens. */
  readonly context: Context
  readonly verbose: boolean
  /** Whether reasons are printed: what gives them only on request is asked for them. */
  readonly explain: boolean
  /** Connects to the engine; only a command that needs it asks. */
  readonly services: () => Promise<EngineServices>
  /** For what needs no engine. */
  readonly remote: RegistryServices
  /** What stands on the standard input, as bytes; only a command that is told to read it asks. */
  readonly input: AsyncIterable<Buffer>
}

/** Does a command's work. It prints nothing: what it gives is printed as the flags ask for. */
export type Handler<V> = (argument: string, values: V, session: CommandContext) => Promise<Outcome>

/** The same for a command that acts on any number of things. */
export type HandlerOfSeveral<V> = (given: readonly string[], values: V, session: CommandContext) => Promise<Outcome>

/** How stdout can be written, for a command that makes something or one that shows something. */
export const MAKING_FORMATS = ['human', 'json', 'ndjson'] as const
export const SHOWING_FORMATS = ['human', 'json', 'yaml', 'toml'] as const

interface CommandData {
  /** All words: `builder create`. */
  readonly name: string
  /** One line for lists of commands. */
  readonly summary: string
  /** A paragraph. */
  readonly description: string
  /** What it acts on: one thing, or with `several` any number of the kind, and none too. */
  readonly argument: { readonly name: string; readonly description: string; readonly several?: true }
  readonly formats: readonly string[]
  /** Whole command lines, and what each does. */
  readonly examples: readonly { readonly line: string; readonly does: string }[]
}

export interface CommandDefinition extends CommandData {
  readonly groups: readonly OptionGroup[]
  run(given: readonly string[], values: Readonly<Record<string, unknown>>, session: CommandContext): Promise<Outcome>
}

/** How a command's argument is written where its use is shown. */
export function formatArgument({ name, several }: { name: string; several?: boolean }): string {
  return several ? `[${name}...]` : `<${name}>`
}

/** A definition whose handler is checked to take what the options give. */
export function defineCommand<const Groups extends readonly OptionGroup[], V>(
  definition: CommandData & { readonly groups: Groups; load(): Promise<Handler<V>> } & Agreement<Groups, V>,
): CommandDefinition {
  return {
    ...definition,
    // The parser fills the values by the same definitions, so that their types hold.
    run: async ([argument = ''], values, session) => (await definition.load())(argument, values as V, session),
  }
}

/** The same for a command whose argument may come several times. */
export function defineCommandOnSeveral<const Groups extends readonly OptionGroup[], V>(
  definition: CommandData & { readonly argument: { readonly several: true }; readonly groups: Groups; load(): Promise<HandlerOfSeveral<V>> } & Agreement<Groups, V>,
): CommandDefinition {
  return {
    ...definition,
    run: async (given, values, session) => (await definition.load())(given, values as V, session),
  }
}
