import { execFileSync, spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { completedCommands, valuedOptions } from '../../../../../src/cli/commands/about/completion-handler.ts'
import { completionScript, type Shell } from '../../../../../src/cli/commands/about/completion-script.ts'
import { CNB } from '../../../../../src/cli/command-list.ts'

const commands = completedCommands(CNB)
const completed = { commands, valued: valuedOptions(CNB) }

/** By shell: the program and commands that print the proposals for the last word of a line, which is in the arguments; `FILES` are names of files. */
const RUNS: Readonly<Record<Exclude<Shell, 'powershell'>, { readonly run: readonly string[]; readonly before?: string; readonly after: string }>> = {
  bash: { run: ['bash', '-c'], after: `COMP_WORDS=(cnb "$@"); COMP_CWORD=$#; _cnb; printf '%s\\n' "\${COMPREPLY[@]:-FILES}"` },
  zsh: {
    run: ['zsh', '-fc'],
    before: 'compdef() { :; }; _files() { print FILES; }; compadd() { shift; print -l -- ${(M)@:#${words[CURRENT]}*} | grep . }',
    after: 'words=(cnb "$@"); CURRENT=${#words}; _cnb',
  },
  fish: { run: ['fish', '--no-config', '-c'], after: 'function __fish_complete_path; echo $argv/FILES; end; complete -C "cnb $LINE" | string replace -r ".*/FILES" FILES; true' },
}

/** Returns the words that the shell proposes for the last word of a line. */
function complete(shell: keyof typeof RUNS, ...words: string[]): string[] {
  const { run: [program = '', ...options], before = '', after } = RUNS[shell]
  const script = [before, completionScript(shell, 'cnb', completed), after].join('\n')
  // fish reads options after the script too.
  const args = shell === 'fish' ? [] : [shell, ...words]
  const env = { ...process.env, LINE: words.join(' ') }
  return execFileSync(program, [...options, script, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], env }).split('\n').filter(Boolean)
}

describe('completion', () => {
  it('has the subcommands and options of each command', () => {
    expect(commands.find(({ name }) => name === 'builder')?.words).toEqual(expect.arrayContaining(['create', 'inspect', 'suggest', '--quiet']))
    expect(commands.find(({ name }) => name === 'build')?.words).toEqual(expect.arrayContaining(['-p', '--path', '--pull-policy', '-o']))
    for (const { name, words } of commands) for (const word of words) expect(`${name} ${word}`).toMatch(/^[\w -]+$/)
  })

  describe.each(['bash', 'zsh', 'fish'] as const)('works in %s:', (shell) => {
    // Only bash is on all machines.
    it.skipIf(shell !== 'bash' && spawnSync(shell, ['-c', 'true']).status !== 0).each([
      [['bui'], ['build', 'builder', 'buildpack']],
      [['builder', 'cr'], ['create']],
      [['config', 'registries', 'ad'], ['add']],
      [['-q', 'build', 'app', '--pull'], ['--pull-policy']],
      [['--output', 'json', 'builder', 'in'], ['inspect']],
      [['build', 'builder', '--publ'], ['--publish']],
      [['build', 'app', '--path', ''], ['FILES']],
      [['inspect', 'some-f'], ['FILES']],
    ])('completes %j with %j', (words, expected) => {
      expect(complete(shell, ...words).sort()).toEqual(expected)
    })
  })

  it.each(['bash', 'zsh', 'fish', 'powershell'] as const)('has a script for %s', (shell) => {
    const script = completionScript(shell, 'pack', completed)
    for (const word of ['pack', 'builder', 'suggest', '--pull-policy']) expect(script).toContain(word)
  })
})
