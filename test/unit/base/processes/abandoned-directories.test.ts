import { mkdir, readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../../src/base/files.ts'
import { processMark, removeAbandonedDirectories } from '../../../../src/base/processes/abandoned-directories.ts'

let root: TemporaryDirectory

beforeEach(async () => {
  root = await makeTemporaryDirectory('cnb-test-')
})
afterEach(() => root[Symbol.asyncDispose]())

/** Creates directories, and returns those that remain. */
async function remaining(...names: readonly string[]): Promise<string[]> {
  for (const name of names) await mkdir(join(root.path, name, 'sub'), { recursive: true })
  await removeAbandonedDirectories(root.path)
  return readdir(root.path)
}

/** A process that cannot exist: Linux has no process IDs above 4194304. */
const GONE = '4194305'
const mark = async (): Promise<string[]> => (await processMark()).split('_')

test('removes the directories of a process that has ended, and those of a former process with the same ID', async () => {
  const [space = '', pid = '', start = ''] = await mark()
  expect(await remaining(`cnb-source-${space}_${GONE}_${start}_aB3dE6`, `cnb-${space}_${GONE}_${start}_aB3dE6`, `cnb-git-${space}_${pid}_${start}0_aB3dE6`)).toEqual([])
})

test('keeps those of processes that run, of other machines and containers, and of other programs', async () => {
  const [space = '', pid = '', start = ''] = await mark()
  const names = [`cnb-source-${space}_${pid}_${start}_aB3dE6`, `cnb-source-${'0'.repeat(12)}_${GONE}_${start}_aB3dE6`, 'cnb-source-aB3dE6', `mine-${space}_${GONE}_${start}_aB3dE6`]
  expect((await remaining(...names)).sort()).toEqual([...names].sort())
})

test('marks temporary directories with their process', async () => {
  expect(basename(root.path).startsWith(`cnb-test-${await processMark()}`)).toBe(true)
})
