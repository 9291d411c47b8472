/** Options of all commands, accepted before or after the command's name. */

import type { OptionGroup } from '../command.ts'

export const globalOptions = {
  title: 'Global options:',
  options: {
    output: {
      kind: 'text',
      flags: '-o, --output <format>',
      description: 'output format: human, json, ndjson, yaml or toml',
    },
    quiet: { kind: 'flag', flags: '-q, --quiet', description: 'print only the result, on one line' },
    verbose: { kind: 'flag', flags: '-v, --verbose', description: 'print debug output and stack traces' },
    explain: { kind: 'flag', flags: '--explain', description: 'print the reason for each decision' },
    color: {
      kind: 'choice', choices: ['auto', 'always', 'never'], default: 'auto',
      flags: '--color <when>',
      description: 'use of color',
    },
    noColor: { kind: 'flag', flags: '--no-color', description: 'same as --color never' },
    forceColor: { kind: 'flag', flags: '--force-color', description: 'same as --color always' },
    timestamps: { kind: 'flag', flags: '--timestamps', description: 'print the time before each line of progress' },
  },
} as const satisfies OptionGroup
