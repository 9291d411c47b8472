import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { completedCommands } from '../../../../../src/cli/commands/about/completion-handler.ts'
import { completionScript } from '../../../../../src/cli/commands/about/completion-script.ts'
import { CNB } from '../../../../../src/cli/command-list.ts'

const commands = completedCommands(CNB)

/** Returns the words that bash proposes for the last word of a line. */
function completeInBash(...words: string[]): string[] {
  const script = `${completionScript('bash', 'cnb', commands)}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _cnb; printf '%s\\n' "\${COMPREPLY[@]}"`
  return execFileSync('bash', ['-c', script, 'bash', 'cnb', ...words], { encoding: 'utf8' }).split('\n').filter(Boolean)
}

describe('completion', () => {
  it('has the subcommands and options of each command', () => {
    expect(commands.find(({ name }) => name === 'builder')?.words).toEqual(expect.arrayContaining(['create', 'inspect', 'suggest', '--quiet']))
    expect(commands.find(({ name }) => name === 'build')?.words).toEqual(expect.arrayContaining(['-p', '--path', '--pull-policy', '-o']))
    for (const { name, words } of commands) for (const word of words) expect(`${name} ${word}`).toMatch(/^[\w -]+$/)
  })

  it('works in bash', () => {
    expect(completeInBash('bui')).toEqual(['build', 'builder', 'buildpack'])
    expect(completeInBash('builder', 'cr')).toEqual(['create'])
    expect(completeInBash('-q', 'build', 'app', '--pull')).toEqual(['--pull-policy'])
    expect(completeInBash('inspect', 'some-f')).toEqual([])
  })

  it.each(['zsh', 'fish', 'powershell'] as const)('has a script for %s', (shell) => {
    const script = completionScript(shell, 'pack', commands)
    for (const word of ['pack', 'builder', 'suggest', '--pull-policy']) expect(script).toContain(word)
  })
})
