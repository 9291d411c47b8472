import { execFileSync } from 'node:child_process'
import { access, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeTemporaryDirectory } from '../../../src/base/files.ts'
import { readWorkTree } from '../../../src/git/work-tree.ts'
import { GIT_ENV } from '../../support/registry/index-repository.ts'

const { path, ...temporary } = await makeTemporaryDirectory('cnb-work-tree-')
afterAll(() => temporary[Symbol.asyncDispose]?.())
const git = (...args: string[]): string => execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@example.com', '-C', path, ...args], { env: GIT_ENV, stdio: ['ignore', 'pipe', 'ignore'] }).toString().trim()
const read = (directory = path) => readWorkTree(directory, GIT_ENV, {})

beforeAll(async () => {
  git('init', '--quiet')
  await writeFile(join(path, 'file'), 'content')
  git('add', '.')
  git('commit', '--quiet', '--message', 'first')
})

test('reads commit, tag and remote, and whether files differ', async () => {
  const commit = git('rev-parse', 'HEAD')
  expect(await read()).toEqual({ commit, isDirty: false })
  git('tag', 'v1')
  git('config', 'remote.origin.url', 'https://user:password@git.example/team/app')
  expect(await read()).toEqual({ commit, isDirty: false, tag: 'v1', origin: 'https://user:password@git.example/team/app' })
  await writeFile(join(path, 'new'), '')
  expect(await read()).toMatchObject({ isDirty: true })
  await rm(join(path, 'new'))
})

test('runs no program of the configuration of the repository', async () => {
  const ran = join(path, '.git/ran')
  const program = `touch ${ran}; cat`
  for (const [key, value] of [['core.fsmonitor', program], ['filter.a=b.c.clean', program], ['filter.d.clean', program], ['filter.d.required', 'true']] as const) git('config', key, value)
  await writeFile(join(path, '.git/info/attributes'), 'file filter=d')
  await writeFile(join(path, 'file'), 'changed')
  expect(await read()).toMatchObject({ isDirty: true })
  await expect(access(ran)).rejects.toThrow()
})

test('fails without a repository', async () => {
  await using other = await makeTemporaryDirectory('cnb-no-work-tree-')
  await expect(read(other.path)).rejects.toThrow(/not a git repository/)
})
