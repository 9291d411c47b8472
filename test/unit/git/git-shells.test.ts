import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { makeTemporaryDirectory } from '../../../src/base/files.ts'
import { GitShells } from '../../../src/git/git-shells.ts'
import { GIT_ENV } from '../../support/registry/index-repository.ts'

let shells = new GitShells()

afterEach(() => {
  shells[Symbol.dispose]()
  shells = new GitShells()
})

/** Returns the arguments of a git command that runs a script. */
const script = (text: string): string[] => ['-c', `alias.script=!f() { ${text}; }; f`, 'script']
const run = async (text: string, more: Partial<Parameters<GitShells['run']>[1]> = {}): Promise<string> =>
  (await shells.run(script(text), { env: GIT_ENV, ...more })).toString()

test('runs commands in one shell, each with its own environment', async () => {
  const text = 'printf %s "$VALUE"; ps -o ppid= -p $(ps -o ppid= -p $$)'
  const [, first] = /^one(.*)$/s.exec(await run(text, { env: { ...GIT_ENV, VALUE: 'one' } })) ?? []
  expect(first).toMatch(/\d/)
  expect(await run(text)).toBe(first)
})

test.each(["it's", '$(exit 9) `exit 9` "', 'a\nb\\n', '* ~ ; & |'])('passes the value %j unchanged', async (value) => {
  expect(await run('printf %s "$VALUE"', { env: { ...GIT_ENV, VALUE: value } })).toBe(value)
  expect((await shells.run(['config', '--get-regexp', 'x', value], { env: GIT_ENV }).catch((error: Error) => error)) as unknown).toBeInstanceOf(Error)
})

test('runs with variables that a shell cannot export', async () => {
  const env = { ...GIT_ENV, UID: 'x', OPTIND: 'x', SHELLOPTS: 'x', 'BASH_FUNC_f%%': '() { :; }', 'a;exit 9': '' }
  expect(await run('echo yes', { env })).toBe('yes\n')
})

test('returns output without a line break at its end, and with many bytes', async () => {
  expect(await run('printf abc')).toBe('abc')
  expect(await run('head -c 300000 /dev/zero')).toHaveLength(300_000)
})

test('reports the message of git, and runs the next command', async () => {
  await expect(run('echo "fatal: no pass-word" >&2; exit 3', { secrets: ['pass-word'] })).rejects.toThrow(/^no \*\*\*$/)
  expect(await run('echo yes')).toBe('yes\n')
})

test('reports git if it is missing', async () => {
  await expect(run('exit 0', { env: { PATH: '/nowhere' } })).rejects.toThrow('git is not on the PATH')
})

test('has no input for git', async () => {
  expect(await run('cat')).toBe('')
})

/** Returns a script that writes its process ID to a file and does not end, and a function that waits until the process ended. */
async function hanging(): Promise<{ text: string; begun: () => Promise<void>; ended: () => Promise<void> } & AsyncDisposable> {
  const directory = await makeTemporaryDirectory()
  const file = join(directory.path, 'pid')
  const pid = (): Promise<string> => vi.waitFor(async () => /^\d+\n$/.exec(await readFile(file, 'utf8'))![0].trim(), { timeout: 20_000 })
  return {
    text: `echo $$ >${file}; sleep 1000`,
    begun: async () => void (await pid()),
    ended: async () => {
      const path = `/proc/${await pid()}/stat`
      await vi.waitFor(async () => expect(await readFile(path, 'utf8').catch(() => ' Z ')).toContain(' Z '), { timeout: 20_000 })
    },
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  }
}

test('ends git, and programs that git started, at a time limit', async () => {
  await using hang = await hanging()
  const failed = expect(run(hang.text, { timeLimitMs: 3000 })).rejects.toThrow('git does not finish within 3 s')
  await hang.ended()
  await failed
  expect(await run('echo yes')).toBe('yes\n')
})

test('ends git when the signal is aborted', async () => {
  await using hang = await hanging()
  const stop = new AbortController()
  const failed = expect(run(hang.text, { signal: stop.signal })).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
  await hang.begun()
  stop.abort()
  await failed
  await hang.ended()
})

test('ends git at its disposal', async () => {
  await using hang = await hanging()
  const failed = expect(run(hang.text)).rejects.toThrow('the shell of git ended')
  await hang.begun()
  shells[Symbol.dispose]()
  await failed
  await hang.ended()
})

test.each(['>&1', '>&2'])('ends git that writes endlessly %s', async (to) => {
  await using hang = await hanging()
  await expect(run(`${hang.text} & yes ${to}`, { maxOutput: 100_000 })).rejects.toThrow('larger than 100000 bytes')
  await hang.ended()
  expect(await run('echo yes')).toBe('yes\n')
})

test('does not believe an end that git writes', async () => {
  expect(await run('printf "\\n0123456789abcdef0123456789abcdef 0\\n"; echo more')).toContain('more')
})
