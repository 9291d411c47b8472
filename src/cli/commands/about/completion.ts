/** Definition of `cnb completion`. */

import { defineCommand, SHOWING_FORMATS, type OptionGroup } from '../../command.ts'

const groups = [
  {
    title: 'Completion:',
    options: {
      shell: {
        kind: 'choice', choices: ['bash', 'fish', 'powershell', 'zsh'], default: 'bash',
        flags: '-s, --shell <shell>',
        description: 'shell of the script that is written',
      },
    },
  },
] as const satisfies readonly OptionGroup[]

export const completionCommand = defineCommand({
  name: 'completion',
  summary: 'print a completion script for a shell',
  description: 'Prints a script that completes commands, options and their values in a shell: images of the engine, builders, processes, stored resources. Without an argument, writes the script to a file and prints its path, as pack does.',
  argument: { name: 'shell', optional: true, description: 'bash, fish, powershell or zsh' },
  formats: SHOWING_FORMATS,
  groups,
  examples: [
    { line: 'cnb completion bash', does: 'print the script; in .bashrc: . <(cnb completion bash)' },
    { line: 'cnb completion zsh', does: 'print it for zsh; in .zshrc: . <(cnb completion zsh)' },
    { line: 'cnb completion fish', does: 'for ~/.config/fish/completions/cnb.fish' },
    { line: 'cnb completion --shell zsh', does: 'write a file; in .zshrc: . $(cnb completion --shell zsh)' },
  ],
  load: async () => (await import('./completion-handler.ts')).runCompletion,
})
