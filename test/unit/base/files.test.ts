import { existsSync, lstatSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeDirectories, makeTemporaryDirectory, type TemporaryDirectory, writeFileAtomically, writeWhole } from '../../../src/base/files.ts'

let temporary: TemporaryDirectory
beforeEach(async () => { temporary = await makeTemporaryDirectory() })
afterEach(async () => temporary[Symbol.asyncDispose]())
const below = (...parts: string[]): string => join(temporary.path, ...parts)

test('keeps a link, such as /dev/stdout, where a file is written', async () => {
  symlinkSync('target', below('link'))
  await writeFileAtomically(below('link'), 'text')
  expect(lstatSync(below('link')).isSymbolicLink()).toBe(true)
  expect(readFileSync(below('target'), 'utf8')).toBe('text')
})

describe('makeDirectories', () => {
  test('creates the directory and its parents, also several times at once', async () => {
    await Promise.all([['a', 'b', 'c'], ['a', 'b', 'd'], ['a'], []].map((parts) => makeDirectories(below(...parts))))
    expect(['c', 'd'].map((name) => statSync(below('a', 'b', name)).isDirectory())).toEqual([true, true])
  })

  test('follows a link to a directory', async () => {
    mkdirSync(below('target'))
    symlinkSync('target', below('link'))
    await makeDirectories(below('link', 'a'))
    expect(existsSync(below('target', 'a'))).toBe(true)
  })

  test.each<[string, () => string]>([
    ['a file', () => below('file')],
    ['a directory below a file', () => below('file', 'a', 'b')],
    ['a link to a file that does not exist', () => below('nowhere')],
    ['a directory below such a link', () => below('nowhere', 'a', 'b')],
    ['a name that no directory has', () => ''],
  ])('fails for %s with the error of the system', async (_what, path) => {
    writeFileSync(below('file'), '')
    symlinkSync('missing', below('nowhere'))
    await expect(makeDirectories(path())).rejects.toMatchObject({ syscall: 'mkdir' })
  })
})

test('writes all parts, although a single write is partial', async () => {
  const written: Buffer[] = []
  const file = {
    writev: async (parts: readonly NodeJS.ArrayBufferView[]) => {
      const all = Buffer.concat(parts as readonly Buffer[])
      written.push(all.subarray(0, 3))
      return { bytesWritten: Math.min(3, all.length), buffers: [...parts] }
    },
  }
  await writeWhole(file as Parameters<typeof writeWhole>[0], Buffer.from('ab'), Buffer.alloc(0), Buffer.from('cdefg'), Buffer.from('h'))
  expect(written.map(String)).toEqual(['abc', 'def', 'gh'])
  await writeWhole(file as Parameters<typeof writeWhole>[0], Buffer.alloc(0))
})
