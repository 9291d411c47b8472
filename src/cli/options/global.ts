/** Options that every command takes, before its name or after. */

import type { OptionGroup } from '../command.ts'

export const globalOptions = {
  title: 'Global options:',
  options: {
    output: {
      kind: 'text',
      flags: '-o, --output <format>',
      description: 'what stdout gets: human, json, ndjson, yaml or toml, as the command can',
    },
    quiet: { kind: 'flag', flags: '-q, --quiet', description: 'print only the result, on one line' },
    verbose: { kind: 'flag', flags: '-v, --verbose', description: 'say more, and where errors come from' },
    explain: { kind: 'flag', flags: '--explain', description: 'print the reason for each decision' },
    color: {
      kind: 'choice', choices: ['auto', 'always', 'never'], default: 'auto',
      flags: '--color <when>',
      description: 'when to use colour',
    },
    noColor: { kind: 'flag', flags: '--no-color', description: 'the same as --color never' },
  },
} as const satisfies OptionGroup
