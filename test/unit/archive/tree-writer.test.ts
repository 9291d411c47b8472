import { mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readPlainTar } from '../../../src/archive/tar/plain-tar.ts'
import { readTar } from '../../../src/archive/tar/tar-reader.ts'
import { packTar, type TarEntry } from '../../../src/archive/tar/tar-writer.ts'
import { TreeWriter, type AddOptions, type TreeLimits } from '../../../src/archive/tree-writer.ts'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../src/base/files.ts'
import { containing } from '../../support/matching.ts'

let temporary: TemporaryDirectory
let target: string
beforeEach(async () => {
  temporary = await makeTemporaryDirectory()
  target = join(temporary.path, 'target')
  mkdirSync(target)
})
afterEach(() => temporary[Symbol.asyncDispose]())

const owner = { uid: 1, gid: 1, mtime: 0 }
const file = (name: string, content = 'x', mode = 0o644): TarEntry => ({ type: 'file', name, mode, ...owner, size: content.length, content: Buffer.from(content) })
const directory = (name: string): TarEntry => ({ type: 'directory', name, mode: 0o700, ...owner })
const symlink = (name: string, linkname: string): TarEntry => ({ type: 'symlink', name, linkname, mode: 0o777, ...owner })
const link = (name: string, linkname: string): TarEntry => ({ type: 'link', name, linkname, mode: 0o777, ...owner })

interface Written extends AddOptions {
  limits?: TreeLimits
  read?: typeof readTar
}
/** Writes each list as a tar. */
const write = async (layers: TarEntry[][], { limits = { files: 1000, bytes: 1000 }, read = readTar, ...options }: Written = {}): Promise<string[]> => {
  const writer = new TreeWriter(target, { source: 'the source', limits })
  for (const entries of layers) await writer.add(read(Readable.from([await buffer(packTar(entries))])), options)
  await writer.finish()
  return (readdirSync(target, { recursive: true }) as string[]).sort()
}
const read = (path: string): string => readFileSync(join(target, path), 'utf8')

describe('TreeWriter', () => {
  test.each([['readTar', readTar], ['readPlainTar', readPlainTar as typeof readTar]])('writes files, directories and links from %s', async (_name, reader) => {
    const large = 'y'.repeat(200_000)
    const found = await write([[directory('a/'), file('./a/b'), file('c/d/large', large), symlink('l', 'a/b'), link('h', 'a/b'), link('s', 'l')]], {
      read: reader,
      limits: { files: 100, bytes: 1e6 },
    })
    expect(found).toEqual(['a', 'a/b', 'c', 'c/d', 'c/d/large', 'h', 'l', 's'])
    expect(read('c/d/large')).toBe(large)
    expect(read('h')).toBe('x')
    expect([readlinkSync(join(target, 'l')), readlinkSync(join(target, 's'))]).toEqual(['a/b', 'a/b'])
  })

  test('sets modes independent of the umask, without set-id bits', async () => {
    const before = process.umask(0o077)
    try {
      await write([[file('a', 'x', 0o4777), file('b', 'x', 0o444), directory('d')]])
    } finally {
      process.umask(before)
    }
    expect(['a', 'b', 'd'].map((name) => statSync(join(target, name)).mode & 0o7777)).toEqual([0o755, 0o644, 0o755])
  })

  test('writes below a directory', async () => {
    expect(await write([[file('a')]], { at: 'x/y' })).toEqual(['x', 'x/y', 'x/y/a'])
  })

  test.each(['../evil', '/evil', 'a/../../evil'])('refuses the name %s', async (name) => {
    await expect(write([[file(name)]])).rejects.toMatchObject({ code: 'CNB_APP_INVALID', message: containing('leads out of it') })
    expect(readdirSync(temporary.path)).toEqual(['target'])
  })

  test.each([
    ['an absolute link', [symlink('l', '/etc')]],
    ['a relative link', [symlink('a/l', '../../evil')]],
    ['a chain of links', [symlink('a', 'b/..'), symlink('b', 'c'), directory('c'), symlink('d', 'a/../x')]],
    ['a hard link to a link', [symlink('l', '/etc/passwd'), link('h', 'l'), file('l')]],
  ])('refuses %s that leads out', async (_title, entries) => {
    await expect(write([entries])).rejects.toMatchObject({ code: 'CNB_APP_INVALID', message: containing('leads out of it') })
  })

  test.each([
    ['a file below a link', [symlink('l', '../outside'), file('l/evil')]],
    ['a file in the place of a link', [symlink('l', '../outside/evil'), file('l')]],
    ['a directory below a link', [symlink('l', '../outside'), directory('l/evil')]],
    ['a file below a link in the place of a directory', [directory('l'), file('l/a'), symlink('l', '../outside'), file('l/evil')]],
  ])('follows no link for %s', async (_title, entries) => {
    mkdirSync(join(temporary.path, 'outside'))
    await write([entries])
    expect(readdirSync(join(temporary.path, 'outside'))).toEqual([])
    expect(statSync(join(target, 'l')).isSymbolicLink()).toBe(false)
  })

  test.each([['/etc/passwd'], ['../secret'], ['nothing']])('refuses a hard link to %s', async (linkname) => {
    writeFileSync(join(temporary.path, 'secret'), 'secret')
    await expect(write([[link('h', linkname)]])).rejects.toMatchObject({ code: 'CNB_APP_INVALID' })
  })

  test('does not follow a link for the source of a hard link', async () => {
    mkdirSync(join(temporary.path, 'outside'))
    writeFileSync(join(temporary.path, 'outside/secret'), 'secret')
    await expect(write([[symlink('l', '../outside'), link('h', 'l/secret'), file('l')]])).rejects.toMatchObject({ code: 'CNB_APP_INVALID' })
  })

  test('lets the last entry of a name win', async () => {
    expect(await write([[file('a', 'old'), file('a', 'new'), file('b'), directory('b'), file('b/c'), directory('d'), file('d/e'), file('d')]])).toEqual(['a', 'b', 'b/c', 'd'])
    expect(read('a')).toBe('new')
  })

  test.each([
    ['files', [file('a'), file('b'), file('c')]],
    ['directories', [directory('a/b/c')]],
    ['directories of files', [file('a/b/c')]],
    ['links', [symlink('a', 'x'), symlink('b', 'x'), symlink('c', 'x')]],
  ])('limits the number of %s', async (_title, entries) => {
    await expect(write([entries], { limits: { files: 2, bytes: 100 } })).rejects.toMatchObject({ message: 'cannot use the source: it has more than 2 files and directories, the limit of a source' })
  })

  test('limits the size of all files together', async () => {
    await expect(write([[file('a', '12345')], [file('b', '123456')]], { limits: { files: 10, bytes: 10 } })).rejects.toMatchObject({
      message: 'cannot use the source: its files have more than 10 bytes, the limit of a source',
    })
  })

  test('stops when it is aborted', async () => {
    const writer = new TreeWriter(target, { source: 'x', limits: { files: 10, bytes: 10 }, signal: AbortSignal.abort() })
    await expect(writer.add(readTar(packTar([file('a')])))).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
  })
})

describe('a whiteout', () => {
  const whiteouts = true

  test('deletes files, directories and links of earlier layers', async () => {
    const first = [file('a/b'), file('a/c'), file('d/e'), symlink('l', 'a'), file('keep')]
    expect(await write([first, [file('a/.wh.b'), file('.wh.d'), file('.wh.l')]], { whiteouts })).toEqual(['a', 'a/c', 'keep'])
  })

  test('deletes the content of a directory, except for the files of its layer', async () => {
    const first = [file('a/b'), file('a/c/d'), file('a/e/f')]
    const second = [file('a/new'), file('a/c/own'), file('a/.wh..wh..opq'), file('a/later')]
    expect(await write([first, second], { whiteouts })).toEqual(['a', 'a/c', 'a/c/own', 'a/later', 'a/new'])
  })

  test.each(['.wh.', '.wh..'])('has no effect with the name %s', async (name) => {
    expect(await write([[file('a')], [file(name)]], { whiteouts })).toEqual(['a'])
  })

  test('cannot delete outside of the directory', async () => {
    writeFileSync(join(temporary.path, 'outside'), 'x')
    await expect(write([[file('.wh...')]], { whiteouts })).rejects.toMatchObject({ code: 'CNB_APP_INVALID' })
    mkdirSync(join(temporary.path, 'other'))
    writeFileSync(join(temporary.path, 'other/x'), 'x')
    await write([[symlink('l', '../other')], [file('l/.wh.x'), file('l/.wh..wh..opq')]], { whiteouts })
    expect(readdirSync(join(temporary.path, 'other'))).toEqual(['x'])
  })

  test('is a file in an archive that is not a layer', async () => {
    expect(await write([[file('a'), file('.wh.a')]])).toEqual(['.wh.a', 'a'])
  })
})
