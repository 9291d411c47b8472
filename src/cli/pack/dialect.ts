/** pack's command line: cnb's commands with pack's short options, output formats, texts and exit codes. */

import { join } from 'node:path'
import type { CommandDefinition, Dialect, OptionDefinition, OptionGroup } from '../command.ts'
import { globalOptions } from '../options/global.ts'
import { convertGoFlags } from './go-flags.ts'

/** Options with another short form in pack, by command and long form; '' removes it. */
const SHORT: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'builder create': { '--target': '-t', '--tag': '', '--buildpack-registry': '-R' },
  'sbom download': { '--output-dir': '-o' },
}

const output = {
  title: 'Output:',
  options: {
    output: { kind: 'choice', choices: ['human-readable', 'json', 'yaml', 'toml'], default: 'human-readable', flags: '-o, --output <format>', description: 'output format' },
  },
} as const satisfies OptionGroup

/** Returns pack's spelling of cnb's commands. */
export function packDialect(commands: readonly CommandDefinition[]): Dialect {
  const { output: _, ...globals } = globalOptions.options
  const global: OptionGroup = { title: globalOptions.title, options: globals }
  const spelled = commands.map(spellAsPack)
  const groups = [global, ...spelled.flatMap((command) => command.groups)]
  return {
    program: 'pack',
    commands: spelled,
    globals: global,
    convert: (argv) => convertGoFlags(argv, groups),
    hostOf: (host) => ({ ...host, env: { ...host.env, CNB_HOME: host.env['CNB_HOME'] || host.env['PACK_HOME'] || join(host.home, '.pack') } }),
    // The exit code for an absent builder is that of a result (run-as-pack.ts).
    exitOf: () => 1,
  }
}

function spellAsPack(command: CommandDefinition): CommandDefinition {
  const groups = command.groups.map(({ title, options }) => ({
    title,
    options: Object.fromEntries(Object.entries(options).map(([key, option]) => [key, spellOption(option, SHORT[command.name] ?? {})])),
  }))
  const showing = command.formats.includes('yaml')
  return {
    ...command,
    groups: showing ? [...groups, output] : groups,
    run: async (given, values, session) => (await import('./run-as-pack.ts')).runAsPack(command, given, values, session),
  }
}

function spellOption(option: OptionDefinition, short: Readonly<Record<string, string>>): OptionDefinition {
  const [long = ''] = /--[\w-]+/.exec(option.flags) ?? []
  const letter = short[long]
  const flags = letter === undefined ? option.flags : `${letter === '' ? '' : `${letter}, `}${option.flags.replace(/^-\w, /, '')}`
  // pack reads negative numbers as "no limit", and labels from one list with commas.
  if (option.kind === 'number') return { ...option, kind: 'text', flags }
  return long === '--label' && option.kind === 'list' ? { ...option, commas: true, flags } : { ...option, flags }
}
