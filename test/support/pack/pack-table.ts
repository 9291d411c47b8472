/** Compares the commands and options of pack, as its help lists them, with those that cnb accepts. */

import type { OptionGroup } from '../../../src/cli/command.ts'
import { globalOptions } from '../../../src/cli/options/global.ts'
import { COMMANDS } from '../../../src/cli/command-list.ts'
import { parseCommandLine } from '../../../src/cli/program.ts'
import { ALIASES } from '../../../src/cli/pack/aliases.ts'
import { COMMANDS_WITHOUT_MEANING, OPTIONS_WITHOUT_MEANING } from '../../../src/cli/pack/without-meaning.ts'
import help from './help-0.40.5.json' with { type: 'json' }

/** A command of pack, or an option of it, in cnb: it works, it has no meaning (with the reason), or it is refused (with the hint). */
export interface PackEntry {
  readonly command: string
  /** In the format of pack's help; undefined for the command itself. */
  readonly flag?: string
  readonly outcome: 'works' | 'no meaning' | 'refused'
  readonly note: string
}

const commands: Readonly<Record<string, { readonly usage?: string; readonly flags: readonly string[] }>> = help.commands

/** Returns an entry for each command of pack, with one for each of its options. */
export function packTable(): PackEntry[] {
  return Object.entries(commands).flatMap(([command, { flags }]) => {
    const own = commandEntry(command)
    return own.outcome === 'works' ? [own, ...flags.map((flag) => optionEntry(command, flag))] : [own]
  })
}

/** pack's alias names, by alias. */
export const packAliases: Readonly<Record<string, string>> = help.aliases

function commandEntry(command: string): PackEntry {
  const reason = COMMANDS_WITHOUT_MEANING[command]
  if (reason !== undefined) return { command, outcome: 'no meaning', note: reason }
  const parsed = parseCommandLine([...command.split(' ').filter(Boolean), '--help'])
  const alias = ALIASES[command]
  if (parsed.kind === 'print') return { command, outcome: 'works', note: alias === undefined ? '' : `as ${alias}` }
  return { command, outcome: 'refused', note: parsed.kind === 'wrong' ? (parsed.error.hint ?? '') : '' }
}

function optionEntry(command: string, flag: string): PackEntry {
  const long = /--[\w-]+/.exec(flag)?.[0] ?? ''
  const words = (ALIASES[command] ?? command).split(' ')
  const definition = COMMANDS.findLast(({ name }) => name.split(' ').every((word, index) => word === words[index]))
  const reason = Object.entries(OPTIONS_WITHOUT_MEANING[definition?.name ?? ''] ?? {}).find(([flags]) => isNamed(flags, long))?.[1]
  if (reason !== undefined) return { command, flag, outcome: 'no meaning', note: reason }
  const groups = [...(definition?.groups ?? []), globalOptions]
  const works = long === '--version' || groups.some(({ options }) => Object.values(options as OptionGroup['options']).some(({ flags }) => isNamed(flags, long)))
  return { command, flag, outcome: works ? 'works' : 'refused', note: '' }
}

function isNamed(flags: string, long: string): boolean {
  return flags.split(/[ ,]+/).includes(long)
}
