import { readdirSync, writeFileSync } from 'node:fs'
import { buffer } from 'node:stream/consumers'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readTar } from '../../../../src/archive/tar/tar-reader.ts'
import { packTar } from '../../../../src/archive/tar/tar-writer.ts'
import { walkTree } from '../../../../src/archive/files/walk-tree.ts'
import { ZipTree } from '../../../../src/archive/zip/zip-tree.ts'
import { CnbError } from '../../../../src/base/errors.ts'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../../src/base/files.ts'
import { FILE, LINK, zipFile, type GivenZipEntry } from '../../../support/images/zip-file.ts'

let directory: TemporaryDirectory
let path: string
beforeEach(async () => {
  directory = await makeTemporaryDirectory('cnb-test-')
  path = `${directory.path}/app.zip`
})
afterEach(() => directory[Symbol.asyncDispose]())

const OPTIONS = { prefix: 'w', uid: 1001, gid: 1000, rootMode: 0o777 }
/** 2026-01-31 12:34:56 UTC. */
const TIME = 1_769_862_896

async function entriesOf(zip: Buffer, context = {}) {
  writeFileSync(path, zip)
  using tree = await ZipTree.open(path, { ...OPTIONS, ...context })
  if (!tree) return undefined
  const entries = []
  for await (const entry of readTar(packTar(walkTree(tree, { withRoot: true })))) entries.push({ ...entry, content: await buffer(entry.content) })
  return entries
}

async function list(entries: GivenZipEntry[], more: Parameters<typeof zipFile>[1] = {}): Promise<string[] | undefined> {
  return (await entriesOf(zipFile(entries, more)))?.map(({ type, name, mode, linkname, content }) => {
    const target = linkname === undefined ? '' : ` -> ${linkname.toString()}`
    return `${mode.toString(8)} ${type} ${name.toString('latin1')}${target}${content.length > 0 ? ` = ${content.toString()}` : ''}`
  })
}

const openFiles = () => readdirSync('/dev/fd').length

describe('an archive', () => {
  test('contains the files of a directory in its order, with their modes and times', async () => {
    const given = [
      { name: 'b', content: 'B', mode: 0o100755 },
      { name: 'a.d/', mode: 0o040775 },
      { name: 'a/x', content: 'stored', method: 0, mode: 0o100600 },
      { name: 'link', content: 'a/x', mode: LINK },
      { name: 'a-b', content: '' },
    ]
    expect(await list(given)).toEqual([
      '777 directory w',
      '755 directory w/a',
      '600 file w/a/x = stored',
      '644 file w/a-b',
      '775 directory w/a.d',
      '755 file w/b = B',
      '777 symlink w/link -> a/x',
    ])
    const [, directory] = (await entriesOf(zipFile(given))) ?? []
    expect(directory).toMatchObject({ uid: 1001, gid: 1000, mtime: TIME })
  })

  test.each<[string, Partial<GivenZipEntry>, string]>([
    ['FAT', { system: 0 }, '777 file w/f'],
    ['FAT, with any mode', { system: 0, mode: 0o100600 }, '777 file w/f'],
    ['NTFS', { system: 10 }, '666 file w/f'],
    ['NTFS, read-only', { system: 10, dosAttributes: 1 }, '444 file w/f'],
    ['NTFS, a directory', { system: 10, dosAttributes: 0x10 }, '777 directory w/f'],
    ['Unix without any mode', { system: 3, mode: 0 }, '777 file w/f'],
    ['Unix without a type', { mode: 0o640 }, '640 file w/f'],
    ['macOS', { system: 19, mode: 0o100751 }, '751 file w/f'],
    ['Unix, with a set-id bit', { mode: 0o104755 }, '4755 file w/f'],
    ['a system that nobody knows', { system: 99 }, '777 file w/f'],
    ['Unix, a FIFO', { mode: 0o010644 }, '644 fifo w/f'],
  ])('has the same modes as in pack for %s', async (_, entry, line) => {
    expect((await list([{ name: 'f', ...entry }]))?.[1]).toBe(line)
  })

  test('keeps names as bytes, and a backslash from Unix as a character', async () => {
    expect(await list([{ name: Buffer.from('lat\xe9', 'latin1') }, { name: 'dev-\\x2d' }])).toEqual(['777 directory w', '644 file w/dev-\\x2d', '644 file w/lat\xe9'])
  })

  test('accepts equivalent names, and a repeated directory', async () => {
    expect(await list([{ name: './' }, { name: './a//b/' }, { name: 'a/b/', mode: 0o040700 }, { name: 'a/b/./c', content: 'x' }])).toEqual([
      '777 directory w',
      '755 directory w/a',
      '700 directory w/a/b',
      '644 file w/a/b/c = x',
    ])
  })

  test('may be empty, and have a comment, a script before it, and 64-bit fields', async () => {
    expect(await list([])).toEqual(['777 directory w'])
    const prefix = Buffer.from('#!/bin/sh\nexec java -jar "$0"\n')
    for (const more of [{ comment: 'PK\x05\x06 is in it' }, { prefix }, { prefix, adjust: true }]) {
      expect(await list([{ name: 'a', content: 'A' }], more)).toEqual(['777 directory w', '644 file w/a = A'])
    }
    expect(await list([{ name: 'a', content: 'A', zip64: true }])).toEqual(['777 directory w', '644 file w/a = A'])
  })

  test('is recognized by its end', async () => {
    for (const bytes of [Buffer.alloc(0), Buffer.from('x'), zipFile([{ name: 'a', content: 'A' }]).subarray(0, -1), Buffer.alloc(70_000)]) {
      expect(await entriesOf(bytes)).toBeUndefined()
    }
  })

  test('keeps links inside the app, even dangling ones', async () => {
    const links = { 'd/up': '../a', 'd/self': 'self', 'd/far': '../d/../d/./up', none: 'nowhere', 'd/e/f': '../../d/e', deep: 'd/e/f/f/f/..' }
    const lines = await list([{ name: 'a' }, ...Object.entries(links).map(([name, content]) => ({ name, content, mode: LINK }))])
    expect(lines?.filter((line) => line.includes('symlink'))).toHaveLength(6)
  })

  test('omits devices with a warning', async () => {
    const events: unknown[] = []
    const entries = await entriesOf(zipFile([{ name: 'null', mode: 0o020666 }, { name: 'sock', mode: 0o140777 }]), { events: (event: unknown) => events.push(event) })
    expect(entries).toHaveLength(1)
    expect(events).toMatchObject([{ type: 'warning', message: `skipped the device null of ${path}` }, { type: 'info' }])
  })

  test('is closed, even after an error', async () => {
    const before = openFiles()
    await list([{ name: 'a' }])
    await expect(list([{ name: '../a' }])).rejects.toThrow()
    await entriesOf(Buffer.from('x'))
    expect(openFiles()).toBe(before)
  })

  test('stops on an abort', async () => {
    const many = Array.from({ length: 2000 }, (_, index) => ({ name: `f${index}` }))
    await expect(entriesOf(zipFile(many), { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
  })

  test('streams a file of 300 kB', async () => {
    const content = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * index) % 251))
    for (const method of [0, 8]) {
      const entries = await entriesOf(zipFile([{ name: 'big', content, method }]))
      expect(entries?.[1]?.content.equals(content)).toBe(true)
    }
  })
})

const FAR = 'x'.repeat(300_000)
const one = (entry: GivenZipEntry): [GivenZipEntry[]] => [[entry]]

describe('an invalid archive', () => {
  test.each<[string, [GivenZipEntry[], Parameters<typeof zipFile>[1]?], RegExp]>([
    ['a name that climbs out', one({ name: '../evil' }), /"\.\.\/evil" has '\.\.' in its name/],
    ['a name that climbs out further down', one({ name: 'a/b/../../../evil' }), /has '\.\.' in its name/],
    ['a name that climbs out by backslashes', one({ name: '..\\evil' }), /has '\.\.' in its name/],
    ['a directory that climbs out', one({ name: 'a/../../' }), /has '\.\.' in its name/],
    ['an absolute name', one({ name: '/etc/passwd' }), /has an absolute name/],
    ['an absolute name by a backslash', one({ name: '\\evil' }), /has an absolute name/],
    ['a drive', one({ name: 'C:\\evil' }), /has an absolute name/],
    ['a drive with a slash', one({ name: 'c:/evil' }), /has an absolute name/],
    ['backslashes of a DOS archive', one({ name: 'a\\b', system: 0 }), /has '\\' in its name/],
    ['no name', one({ name: '' }), /has an empty name/],
    ['a NUL', one({ name: 'a\0b' }), /has a NUL in its name/],
    ['a long name', one({ name: 'a'.repeat(256) }), /name that is too long/],
    ['a long path', one({ name: 'a/'.repeat(2100) }), /name that is too long/],
    ['a file that is the app', one({ name: '.' }), /has the name of the app directory/],
    ['a name that is there twice', [[{ name: 'a' }, { name: './a' }]], /"\.\/a" occurs twice/],
    ['a file and a directory of one name', [[{ name: 'a' }, { name: 'a/' }]], /occurs twice/],
    ['a file below a file', [[{ name: 'a' }, { name: 'a/b' }]], /is below "a", which is a file/],
    ['a file that takes a directory’s place', [[{ name: 'a/b' }, { name: 'a' }]], /occurs twice/],
    ['a file below a link', [[{ name: 'a', content: '.', mode: LINK }, { name: 'a/b' }]], /is below "a", which is a symlink/],
    ['a link that takes a directory’s place', [[{ name: 'a/b' }, { name: 'a', content: '/', mode: LINK }]], /occurs twice/],
    ['an absolute link', one({ name: 'a', content: '/etc', mode: LINK }), /contains the link "a", which leads out of it/],
    ['a link that climbs out', one({ name: 'd/a', content: '../../x', mode: LINK }), /which leads out of it/],
    ['a link that climbs out by another', [[{ name: 'd/e/up', content: '../..', mode: LINK }, { name: 'a', content: 'd/e/up/../x', mode: LINK }]], /link "a", which leads out of it/],
    ['a link without a target', one({ name: 'a', content: '', mode: LINK }), /link without a target/],
    ['a link of 5 kB', one({ name: 'a', content: 'x'.repeat(5000), mode: LINK }), /target that is too long/],
    ['a directory with content', one({ name: 'a/', content: 'x' }), /directory with content/],
    ['a wrong checksum', one({ name: 'a', content: 'x', crc: 1 }), /"a" does not match its declared checksum/],
    ['a wrong checksum of a large file', one({ name: 'a', content: FAR, crc: 1 }), /"a" does not match its declared checksum/],
    ['more bytes than it says', one({ name: 'a', content: 'xx', size: 1 }), /"a" is larger than its declared size/],
    ['more bytes than none', one({ name: 'a', content: 'xx', size: 0 }), /"a"/],
    ['more bytes than it says of a large file', one({ name: 'a', content: FAR, size: 200_000 }), /"a" is larger than its declared size/],
    ['fewer bytes than it says', one({ name: 'a', content: 'xx', size: 3 }), /"a" does not have its declared size of 3 bytes/],
    ['fewer bytes than it says of a large file', one({ name: 'a', content: FAR, size: 300_001 }), /"a" does not have its declared size of 300001 bytes/],
    ['bytes that are not compressed', one({ name: 'a', content: 'x', method: 8, compressedSize: 2 }), /cannot be decompressed/],
    ['a place outside of the file', one({ name: 'a', content: 'x', offset: 1_000_000 }), /is not at its declared offset/],
    ['more entries than it says', [[{ name: 'a' }, { name: 'b' }], { count: 1 }], /more entries than the declared 1/],
    ['fewer entries than it says', [[{ name: 'a' }], { count: 2 }], /is not a valid zip archive/],
    ['entries that share bytes', [[{ name: 'a', content: Buffer.alloc(60_000, 'abc'), method: 0 }, { name: 'b', content: '', size: 60_000, compressedSize: 60_000, method: 0, offset: 0 }]], /overlapping entries, like a decompression bomb/],
    ['a bomb', one({ name: 'a', content: 'x', size: 3_000_000_000 }), /would extract to 2861 MiB, more than 250 times its size/],
  ])('is rejected for %s', async (_, given, message) => {
    await expect(list(...given)).rejects.toMatchObject({ code: 'CNB_APP_INVALID', message: expect.stringMatching(message) as string, hint: expect.stringContaining('Extract it') as string })
  })

  test.each<[string, Partial<GivenZipEntry>, RegExp]>([
    ['encryption', { flags: 1 }, /contains "a", which is encrypted/],
    ['another compression', { method: 12 }, /contains "a", which uses compression method 12/],
  ])('is rejected for %s', async (_, entry, message) => {
    await expect(list([{ name: 'a', content: 'x', ...entry }])).rejects.toMatchObject({ code: 'CNB_UNSUPPORTED', message: expect.stringMatching(message) as string })
  })
})

test('keeps all accepted names inside the app and unique, for any names', async () => {
  const part = fc.constantFrom('a', 'b', '..', '.', '', 'C:', '\\', 'a\\b', '..\\', 'é')
  const name = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'))
  const entry = fc.record({ name, content: name, mode: fc.constantFrom(FILE, LINK, 0o040755, 0), system: fc.constantFrom(0, 3, 10) })
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { maxLength: 5 }), async (given) => {
      try {
        const entries = (await entriesOf(zipFile(given))) ?? []
        const names = entries.map(({ name }) => name.toString('latin1'))
        expect(new Set(names).size).toBe(names.length)
        for (const each of names) expect(each).toMatch(/^w(?:\/(?!\.{1,2}(?:\/|$))[^/]+)*$/)
      } catch (error) {
        expect(error).toBeInstanceOf(CnbError)
      }
    }),
    { numRuns: 100 },
  )
})

test('returns entries or throws a CnbError for corrupted bytes', async () => {
  const zip = zipFile([{ name: 'a/b', content: 'text'.repeat(20) }, { name: 'link', content: 'a/b', mode: LINK }, { name: 'c', content: FAR.slice(0, 70_000) }])
  const spoil = fc.array(fc.tuple(fc.nat(zip.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(spoil, async (changes) => {
      const spoilt = Buffer.from(zip)
      for (const [at, byte] of changes) spoilt[at] = byte
      await entriesOf(spoilt).catch((error: unknown) => expect(error).toBeInstanceOf(CnbError))
    }),
    { numRuns: 150 },
  )
})
