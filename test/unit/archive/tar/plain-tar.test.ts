import { execFileSync } from 'node:child_process'
import { PassThrough, Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readPlainTar } from '../../../../src/archive/tar/plain-tar.ts'
import { encodeTarHeader } from '../../../../src/archive/tar/tar-header.ts'
import { readTar } from '../../../../src/archive/tar/tar-reader.ts'
import type { ReadTarOptions, TarReadEntry } from '../../../../src/archive/tar/tar-reader.ts'
import { packTar } from '../../../../src/archive/tar/tar-writer.ts'
import { expectNoDefect } from '../spoilt-tars.ts'
import type { TarEntry } from '../../../../src/archive/tar/tar-writer.ts'
import { CnbError } from '../../../../src/base/errors.ts'
import { digestOf } from '../../../../src/oci/digest.ts'

const owner = { mode: 0o644, uid: 7, gid: 8, mtime: 9 }
const file = (name: string | Buffer, content: Buffer | string): TarEntry => ({ type: 'file', name, size: content.length, content: Buffer.from(content), ...owner })
const LARGE = 200_000

/** A tar in pieces of `length` bytes. */
function cut(tar: Buffer, length: number): Readable {
  return Readable.from(
    (function* () {
      for (let at = 0; at < tar.length; at += length) yield tar.subarray(at, at + length)
    })(),
    { objectMode: false },
  )
}

async function all(entries: AsyncIterable<TarReadEntry>): Promise<object[]> {
  const found = []
  for await (const { type, name, linkname, mode, uid, gid, mtime, size, devMajor, devMinor, content } of entries) {
    found.push({ type, name, linkname, mode, uid, gid, mtime, size, devMajor, devMinor, content: digestOf(await buffer(content)) })
  }
  return found
}

async function namesIn(tar: Buffer, options?: ReadTarOptions): Promise<string[]> {
  const names = []
  for await (const entry of readPlainTar(Readable.from([tar]), options)) names.push(entry.name.toString('latin1'))
  return names
}

const name = fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes) => Buffer.from(bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x61 : byte))))
const entry = fc.oneof(
  fc.record({ name, size: fc.oneof(fc.nat(2000), fc.constantFrom(0, 512, 65_536, 65_537, LARGE)) }).map(({ name, size }) => file(name, Buffer.alloc(size, name))),
  fc.record({ name, linkname: name, type: fc.constantFrom('symlink' as const, 'link' as const) }).map((some): TarEntry => ({ ...owner, ...some })),
  fc.record({ name, uid: fc.nat(2 ** 31 - 1), mode: fc.nat(0o7777) }).map((some): TarEntry => ({ ...owner, type: 'directory', ...some })),
  fc.record({ name, devMajor: fc.nat(2_000_000), devMinor: fc.nat(2_000_000) }).map((some): TarEntry => ({ ...owner, type: 'character', ...some })),
)

describe('readPlainTar', () => {
  it('returns the entries that readTar returns, for chunks of any size', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 6 }), fc.constantFrom(100, 512, 1000, 32_768, 10_000_000), async (entries, length) => {
        const tar = await buffer(packTar(entries))
        expect(await all(readPlainTar(cut(tar, length)))).toEqual(await all(readTar(Readable.from([tar]))))
      }),
      { numRuns: 60 },
    )
  })

  it('returns small contents as bytes and large ones as streams', async () => {
    const tar = await buffer(packTar([file('a', 'small'), file('b', Buffer.alloc(LARGE)), { type: 'fifo', name: 'c', ...owner }]))
    const seen = []
    for await (const { bytes, content } of readPlainTar(cut(tar, 1000))) seen.push([bytes?.length, (await buffer(content)).length])
    expect(seen).toEqual([
      [5, 5],
      [undefined, LARGE],
      [0, 0],
    ])
  })

  it('skips unread and partly read contents', async () => {
    const tar = await buffer(packTar([file('a', Buffer.alloc(LARGE)), file('b', Buffer.alloc(LARGE + 1)), file('c', Buffer.alloc(LARGE)), file('d', 'end')]))
    const seen = []
    for await (const { name, content } of readPlainTar(cut(tar, 777))) {
      if (name.toString() === 'b') for await (const chunk of content) if ((chunk as Buffer).length > 0) break
      if (name.toString() === 'c') content.resume()
      if (name.toString() === 'd') seen.push(await text(content))
    }
    expect(seen).toEqual(['end'])
  })

  it('reads a PAX archive of GNU tar', async () => {
    const long = `${'n'.repeat(200)}é`
    const script = 'cd "$(mktemp -d)" && touch "$0" && ln -s target link && ln "$0" hard && mkdir dir && tar -cf - --format=pax -- "$0" link hard dir && rm -rf "$PWD"'
    const tar = execFileSync('sh', ['-c', script, long])
    const read = []
    for await (const { type, name, linkname } of readPlainTar(Readable.from([tar]))) read.push([type, name.toString(), linkname?.toString()])
    expect(read).toEqual([
      ['file', long, undefined],
      ['symlink', 'link', 'target'],
      ['link', 'hard', long],
      ['directory', 'dir/', undefined],
    ])
  })

  it.each<[string, (tar: Buffer) => Buffer, string]>([
    ['is cut in a header', (tar) => tar.subarray(0, 300), 'is truncated'],
    ['is cut in a content', (tar) => tar.subarray(0, 900), 'is truncated'],
    ['is cut in a large content', (tar) => tar.subarray(0, 5000), 'is truncated'],
    ['has no end', (tar) => tar.subarray(0, -1024), 'is truncated'],
    ['is something else', () => Buffer.alloc(2048, 'PK'), 'not POSIX ustar'],
    ['is in another dialect', () => encodeTarHeader({ type: 'file', name: 'x', size: 0, ...owner, mode: 2 ** 31 }), 'not POSIX ustar'],
    ['has an unknown type', (tar) => tar.fill('S', 156, 157), 'unsupported type: "S"'],
    ['has a number that is none', (tar) => tar.fill('x', 124, 125), 'the size of "a" is not a number'],
    ['has records without an end', (tar) => tar.fill('x', 156, 157).fill('7', 124, 135), 'larger than 1 MiB'],
    ['has malformed records', (tar) => tar.fill('x', 156, 157), 'a PAX record has an invalid length'],
  ])('reports an archive that %s', async (_, spoil, words) => {
    const tar = spoil(await buffer(packTar([file('a', 'x'.repeat(2000)), file('b', Buffer.alloc(LARGE))])))
    await expect(namesIn(tar, { source: 'my.tar', invalid: 'CNB_BUILDPACK_INVALID' })).rejects.toMatchObject({
      code: 'CNB_BUILDPACK_INVALID',
      message: expect.stringMatching(new RegExp(`^my\\.tar is not a valid tar archive: .*${words}`)),
    })
  })

  it('fails a large content that is being read when the archive is cut', async () => {
    const tar = (await buffer(packTar([file('a', Buffer.alloc(LARGE))]))).subarray(0, 100_000)
    for await (const { content } of readPlainTar(cut(tar, 1000))) {
      await expect(buffer(content)).rejects.toMatchObject({ message: expect.stringContaining('is truncated') })
      break
    }
  })

  it('fails a content that is read after reading of the archive stopped', async () => {
    const tar = await buffer(packTar([file('a', Buffer.alloc(LARGE)), file('b', '')]))
    let left: Readable | undefined
    for await (const { content } of readPlainTar(cut(tar, 1000))) left ??= content
    await expect(buffer(left!)).rejects.toThrow()
  })

  it('returns entries or throws a CnbError for a corrupted tar', () =>
    expectNoDefect([file('a', 'x'.repeat(600)), file('n'.repeat(150), 'y'), { type: 'symlink', name: 'l', linkname: 'é', ...owner }], namesIn))

  it('passes on errors of the archive, even after its last entry', async () => {
    const lost = new CnbError('CNB_ENGINE_LOST', 'gone')
    const tar = await buffer(packTar([file('a', 'a')]))
    for (const pieces of [[], [tar]]) {
      const archive = Readable.from(
        (async function* () {
          yield* pieces
          throw lost
        })(),
      )
      await expect(all(readPlainTar(archive))).rejects.toBe(lost)
    }
  })

  it('destroys the archive when the reader stops early', async () => {
    const archive = new PassThrough()
    archive.write(await buffer(packTar([file('a', 'a'), file('b', 'b')])))
    for await (const { name } of readPlainTar(archive)) {
      expect(name.toString()).toBe('a')
      break
    }
    expect(archive.destroyed).toBe(true)
  })

  it("stops on an abort while the archive is stalled, with the signal's reason", async () => {
    const stop = new AbortController()
    const archive = new Readable({
      read() {
        setImmediate(() => stop.abort(new CnbError('CNB_INTERRUPTED', 'Ctrl-C')))
      },
    })
    await expect(all(readPlainTar(archive, { signal: stop.signal }))).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
    expect(archive.destroyed).toBe(true)
  })
})
