import { execFileSync, spawnSync } from 'node:child_process'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../../../src/base/files.ts'
import { completionScript, type Shell } from '../../../../../src/cli/commands/about/completion-script.ts'

/** By shell: the program, and commands that print the proposals for a line in $LINE, which are the names of files after `:files`. */
const RUNS: Readonly<Record<Exclude<Shell, 'powershell'>, { readonly run: readonly string[]; readonly before?: string; readonly after: string }>> = {
  bash: { run: ['bash', '-c'], after: `COMP_WORDBREAKS=$' \\n=:'; COMP_LINE=$LINE; COMP_POINT=\${#LINE}; _cnb; printf '%s\\n' "\${COMPREPLY[@]}"` },
  zsh: {
    run: ['zsh', '-fc'],
    before: 'compdef() { :; }; _files() { print FILES "$@"; }; compadd() { shift; print -l -- "$@" }',
    after: 'words=("${(@s: :)LINE}"); CURRENT=${#words}; _cnb; true',
  },
  fish: { run: ['fish', '--no-config', '-c'], after: 'complete -C "$LINE"' },
}

let directory: TemporaryDirectory
/** A program that writes its arguments to a file, and prints another file. */
beforeAll(async () => {
  directory = await makeTemporaryDirectory()
  const program = join(directory.path, 'cnb')
  await writeFile(program, `#!/bin/sh\nprintf '<%s>' "$@" >'${join(directory.path, 'args')}'\nexec cat '${join(directory.path, 'lines')}'\n`)
  await chmod(program, 0o755)
  await mkdir(join(directory.path, 'work'))
})
afterAll(() => directory[Symbol.asyncDispose]())

/** Returns the words that the shell proposes for a line, and the arguments of the program. */
async function complete(shell: keyof typeof RUNS, line: string, lines: readonly string[]): Promise<{ proposed: string[]; args: string }> {
  const { run: [program = '', ...options], before = '', after } = RUNS[shell]
  await writeFile(join(directory.path, 'lines'), lines.map((each) => `${each}\n`).join(''))
  const script = [before, completionScript(shell, 'cnb'), after].join('\n')
  const env = { ...process.env, LINE: line, PATH: `${directory.path}:${process.env['PATH']}` }
  const printed = execFileSync(program, [...options, script], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], env, cwd: join(directory.path, 'work') })
  return { proposed: printed.split('\n').filter(Boolean).sort(), args: await readFile(join(directory.path, 'args'), 'utf8') }
}

describe.each(['bash', 'zsh', 'fish'] as const)('supports %s: the script', (shell) => {
  // Only bash is on all machines.
  const isMissing = shell !== 'bash' && spawnSync(shell, ['-c', 'true']).status !== 0
  const test = it.skipIf(isMissing)

  test.each([
    ['cnb bui', '<__complete><+bui>'],
    ['cnb ', '<__complete><+>'],
    ['cnb -q build app --pull', '<__complete><+--pull><-q><build><app>'],
    ['cnb inspect 127.0.0.1:5000/app:1', '<__complete><+127.0.0.1:5000/app:1><inspect>'],
    ['cnb build app $(touch${IFS}ran) ', '<__complete><+><build><app><$(touch${IFS}ran)>'],
  ])('passes %j to the program', async (line, args) => {
    expect((await complete(shell, line, [':end'])).args).toBe(args)
  })

  test('proposes the lines, and evaluates none', async () => {
    const hostile = ['cnb-a$(touch${IFS}ran)', 'cnb-a`touch ran`', 'cnb-a;touch ran', 'cnb-a*']
    expect((await complete(shell, 'cnb inspect cnb-a', ['cnb-app', ...hostile, ':end'])).proposed).toEqual(['cnb-app', ...hostile].sort())
    expect(spawnSync('ls', [join(directory.path, 'work')], { encoding: 'utf8' }).stdout).toBe('')
  })

  test('proposes nothing for an empty answer', async () => {
    expect((await complete(shell, 'cnb inspect x', [':end'])).proposed).toEqual([])
    expect((await complete(shell, 'cnb inspect x', [])).proposed).toEqual([])
  })

  test('continues a word with colons', async () => {
    const { proposed } = await complete(shell, 'cnb inspect a.example:5000/app:', ['a.example:5000/app:1', ':end'])
    expect(proposed).toEqual([shell === 'bash' ? '1' : 'a.example:5000/app:1'])
  })

  it.skipIf(isMissing || shell === 'bash')('completes names of files where the program says so', async () => {
    const file = join(directory.path, 'work/file-1')
    await writeFile(file, '')
    await mkdir(join(directory.path, 'work/file-2'))
    try {
      const all = (await complete(shell, 'cnb build --path file-', [':files'])).proposed
      expect(all).toEqual(shell === 'zsh' ? ['FILES'] : ['file-1', 'file-2/'].map((name) => expect.stringContaining(name) as string))
      const directories = (await complete(shell, 'cnb build --path file-', [':directories'])).proposed.join()
      expect(directories).toMatch(shell === 'zsh' ? 'FILES -/' : 'file-2/')
    } finally {
      spawnSync('rm', ['-r', file, join(directory.path, 'work/file-2')])
    }
  })
})

it('has a script for PowerShell with the words as they are typed', () => {
  const script = completionScript('powershell', 'pack')
  expect(script).toContain('Register-ArgumentCompleter -Native -CommandName pack')
  expect(script).toContain('& pack __complete "+$wordToComplete" @typed')
  expect(script).not.toMatch(/Invoke-Expression|iex /)
})
