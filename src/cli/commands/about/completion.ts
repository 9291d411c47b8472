/** Definition of `cnb completion`. */

import { defineCommand, SHOWING_FORMATS, type OptionGroup } from '../../command.ts'

const groups = [
  {
    title: 'Completion:',
    options: {
      shell: {
        kind: 'choice', choices: ['bash', 'fish', 'powershell', 'zsh'], default: 'bash',
        flags: '-s, --shell <shell>',
        description: 'shell that completes',
      },
    },
  },
] as const satisfies readonly OptionGroup[]

export const completionCommand = defineCommand({
  name: 'completion',
  summary: 'write a completion script, print its path',
  description: 'Writes a script that completes commands and options in a shell, and prints its path, for the configuration file of the shell.',
  formats: SHOWING_FORMATS,
  groups,
  examples: [
    { line: 'cnb completion', does: 'write the script for bash; in .bashrc: . $(cnb completion)' },
    { line: 'cnb completion --shell zsh', does: 'write the script for zsh; in .zshrc: . $(cnb completion --shell zsh)' },
  ],
  load: async () => (await import('./completion-handler.ts')).runCompletion,
})
