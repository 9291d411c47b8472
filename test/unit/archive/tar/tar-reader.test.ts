import { execFileSync } from 'node:child_process'
import { PassThrough, Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { encodeTarHeader } from '../../../../src/archive/tar/tar-header.ts'
import { readTar } from '../../../../src/archive/tar/tar-reader.ts'
import type { ReadTarOptions } from '../../../../src/archive/tar/tar-reader.ts'
import { packTar } from '../../../../src/archive/tar/tar-writer.ts'
import { expectNoDefect } from '../spoilt-tars.ts'
import type { TarEntry } from '../../../../src/archive/tar/tar-writer.ts'
import { CnbError } from '../../../../src/base/errors.ts'

const owner = { mode: 0o644, uid: 0, gid: 0, mtime: 0 }
const file = (name: string, content: string): TarEntry => ({
  type: 'file',
  name,
  size: content.length,
  content: Buffer.from(content),
  ...owner,
})
const in7s = (bytes: Buffer): Buffer[] => Array.from({ length: Math.ceil(bytes.length / 7) }, (_, i) => bytes.subarray(i * 7, i * 7 + 7))

async function namesIn(tar: Readable | Buffer, options?: ReadTarOptions): Promise<string[]> {
  const names = []
  for await (const entry of readTar(Buffer.isBuffer(tar) ? Readable.from([tar]) : tar, options)) names.push(entry.name.toString('latin1'))
  return names
}

const record = (key: string, value: string): string => {
  const rest = key.length + value.length + 3
  return `${rest + 2} ${key}=${value}\n`
}

/** Returns a PAX header with the literal records, followed by an empty file `x`. */
function withRecords(records: string): Buffer {
  const data = Buffer.from(records, 'latin1')
  const header = encodeTarHeader({ type: 'file', name: 'pax', size: data.length, ...owner })
  header.write('x', 156, 'latin1')
  header.fill(' ', 148, 156)
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
    'latin1',
  )
  const padding = Buffer.alloc((512 - (data.length % 512)) % 512)
  return Buffer.concat([header, data, padding, encodeTarHeader({ type: 'file', name: 'x', size: 0, ...owner }), Buffer.alloc(1024)])
}

describe('readTar', () => {
  it('reads a tar in pieces of any size', async () => {
    const tar = await buffer(packTar([file('a', 'alpha'), file('b', ''), file('c', 'gamma')]))
    const read = []
    for await (const entry of readTar(Readable.from(in7s(tar)))) read.push([entry.name.toString(), await text(entry.content)])
    expect(read).toEqual([
      ['a', 'alpha'],
      ['b', ''],
      ['c', 'gamma'],
    ])
  })

  it('skips unread and partly read contents', async () => {
    const tar = await buffer(packTar([file('a', 'x'.repeat(300_000)), file('b', 'y'.repeat(300_000)), file('c', 'end')]))
    const seen = []
    for await (const entry of readTar(Readable.from([tar]))) {
      if (entry.name.toString() === 'b')
        for await (const chunk of entry.content) {
          seen.push((chunk as Buffer).length > 0)
          break
        }
      if (entry.name.toString() === 'c') seen.push(await text(entry.content))
    }
    expect(seen).toEqual([true, 'end'])
  })

  it.each(['gnu', 'pax', 'ustar'])('reads tars of GNU tar --format=%s', async (format) => {
    const name = format === 'ustar' ? 'brief' : `${'n'.repeat(200)}é`
    const script =
      'cd "$(mktemp -d)" && touch "$1" && ln -s target link && ln "$1" hard && mkfifo pipe && mkdir dir && ' +
      'tar -cf - --format=$0 -- "$1" link hard pipe dir && rm -rf "$PWD"'
    const tar = execFileSync('sh', ['-c', script, format, name])
    const read = []
    for await (const entry of readTar(Readable.from([tar]))) read.push([entry.type, entry.name.toString(), entry.linkname?.toString()])
    expect(read).toEqual([
      ['file', name, undefined],
      ['symlink', 'link', 'target'],
      ['link', 'hard', name],
      ['fifo', 'pipe', undefined],
      ['directory', 'dir/', undefined],
    ])
  })

  it('keeps the bytes of a PAX path that is not UTF-8', async () => {
    expect(await namesIn(withRecords(record('path', 'name-\xff\xfe')))).toEqual(['name-\xff\xfe'])
  })

  it('reads an owner and a time from PAX records', async () => {
    const entries = []
    for await (const entry of readTar(Readable.from([withRecords(record('uid', '1001660000') + record('mtime', '-1.25'))])))
      entries.push(entry)
    expect(entries).toMatchObject([{ uid: 1001660000, mtime: -2 }])
  })

  it('does not let a global PAX header rename entries', async () => {
    const tar = withRecords(record('path', 'evil'))
    tar.write('g', 156, 'latin1')
    const block = tar.subarray(0, 512)
    block.fill(' ', 148, 156)
    block.write(
      `${block
        .reduce((sum, byte) => sum + byte, 0)
        .toString(8)
        .padStart(6, '0')}\0 `,
      148,
      'latin1',
    )
    const renamed = Buffer.concat([tar.subarray(0, 1024), withRecords(record('mtime', '1'))])
    expect(await namesIn(renamed)).toEqual(['x'])
  })

  it.each([
    ['a length of zero', '0 a=b=c\n', 'invalid length'],
    ['a length past the end', '99 path=a\n', 'invalid length'],
    ['no length', 'path=a\n', 'invalid length'],
    ['no equals sign', '8 path\n\n', 'no "="'],
    ['a NUL in a path', '11 path=a\0\n', 'invalid value'],
    ['a negative size', '11 size=-1\n', 'invalid value'],
    ['a size in hexadecimal', '12 size=0x1\n', 'invalid value'],
    ['a sparse file', '22 GNU.sparse.major=1\n', 'sparse'],
  ])('rejects PAX records with %s', async (_, records, words) => {
    await expect(namesIn(withRecords(records))).rejects.toThrow(words)
  })

  it('rejects an extended header larger than 1 MiB', async () => {
    const value = 'a'.repeat(1024 * 1024)
    await expect(namesIn(withRecords(`${value.length + 14} path=${value}\n`))).rejects.toThrow('1 MiB')
  })

  it.each<[string, (tar: Buffer) => Buffer]>([
    ['is cut in a header', (tar) => tar.subarray(0, 300)],
    ['is cut in a content', (tar) => tar.subarray(0, 600)],
    ['has a wrong checksum', (tar) => Buffer.concat([Buffer.from('z'), tar.subarray(1)])],
    ['is something else', () => Buffer.alloc(2048, 'PK')],
  ])('reports an archive that %s', async (_, spoil) => {
    const tar = spoil(await buffer(packTar([file('a', 'x'.repeat(2000))])))
    await expect(namesIn(tar, { source: 'my.tar', invalid: 'CNB_BUILDPACK_INVALID' })).rejects.toMatchObject({
      code: 'CNB_BUILDPACK_INVALID',
      message: expect.stringMatching(/^my\.tar is not a valid tar archive: ./),
    })
  })

  it('fails a content that is being read when the archive is cut', async () => {
    const tar = (await buffer(packTar([file('a', 'x'.repeat(2000))]))).subarray(0, 600)
    const reading = (async () => {
      for await (const entry of readTar(Readable.from([tar]))) await text(entry.content)
    })()
    await expect(reading).rejects.toThrow()
  })

  it('returns entries or throws a CnbError for a corrupted tar', () =>
    expectNoDefect([file('a', 'x'.repeat(600)), file('n'.repeat(150), 'y'), { type: 'symlink', name: 'l', linkname: 'é', ...owner }], namesIn))

  it('passes on errors of the archive', async () => {
    const lost = new CnbError('CNB_ENGINE_LOST', 'gone')
    const archive = new Readable({
      read() {
        this.destroy(lost)
      },
    })
    await expect(namesIn(archive)).rejects.toBe(lost)
  })

  it('destroys the archive when the reader stops early', async () => {
    const tar = await buffer(packTar([file('a', 'a'), file('b', 'b')]))
    const archive = new PassThrough()
    archive.write(tar)
    for await (const entry of readTar(archive)) {
      expect(entry.name.toString()).toBe('a')
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
    await expect(namesIn(archive, { signal: stop.signal })).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
    expect(archive.destroyed).toBe(true)
  })
})
