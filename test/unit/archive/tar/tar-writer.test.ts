import { execFileSync } from 'node:child_process'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readTar } from '../../../../src/archive/tar/tar-reader.ts'
import { packTar, sizeInTar, TAR_END } from '../../../../src/archive/tar/tar-writer.ts'
import type { TarEntry } from '../../../../src/archive/tar/tar-writer.ts'
import { CnbError } from '../../../../src/base/errors.ts'

const owner = { mode: 0o644, uid: 1001, gid: 1000, mtime: 1_700_000_000 }
const file = (name: string | Buffer, size: number, content: TarEntry['content']): TarEntry => ({
  type: 'file',
  name,
  size,
  content,
  ...owner,
})

/** Names without NUL, which do not end in a slash. */
const names = fc
  .uint8Array({ minLength: 1, maxLength: 320 })
  .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x61 : byte))))
const entries = fc.array(
  fc.oneof(
    fc
      .record({ name: names, content: fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes)) })
      .map(({ name, content }) => file(name, content.length, content)),
    fc.record({ name: names, linkname: names }).map((both): TarEntry => ({ type: 'symlink', ...both, ...owner })),
    fc
      .record({ name: names, uid: fc.nat(2 ** 31 - 1), mtime: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }) })
      .map((some): TarEntry => ({ type: 'directory', ...owner, ...some })),
  ),
  { maxLength: 8 },
)

describe('packTar', () => {
  it('writes tars that readTar reads back byte for byte, for any names and numbers', async () => {
    await fc.assert(
      fc.asyncProperty(entries, async (written) => {
        const tar = await buffer(packTar(written))
        expect(tar.length % 512).toBe(0)
        expect(tar.length).toBe(written.reduce((sum, entry) => sum + sizeInTar(entry), TAR_END))
        expect(tar.subarray(-1024).every((byte) => byte === 0)).toBe(true)
        const read = []
        for await (const entry of readTar(Readable.from([tar]))) read.push({ ...entry, content: await buffer(entry.content) })
        expect(read).toEqual(
          written.map((entry) =>
            expect.objectContaining({
              ...entry,
              size: entry.size ?? 0,
              content: entry.content ?? Buffer.alloc(0),
            }),
          ),
        )
      }),
      { numRuns: 200 },
    )
  })

  it.skipIf(process.platform === 'darwin')('writes tars that GNU tar reads, with long and non-ASCII names', async () => {
    const long = `${'d'.repeat(120)}/${'e'.repeat(120)}/é${'f'.repeat(60)}`
    const tar = await buffer(packTar([file('a.txt', 5, Buffer.from('hello')), file(long, 1, Buffer.from('x'))]))
    const listing = execFileSync('tar', ['-tvf', '-', '--quoting-style=literal', '--numeric-owner'], {
      input: tar,
      env: { LC_ALL: 'C.UTF-8', PATH: '/usr/bin:/bin', TZ: 'UTC' },
    }).toString()
    expect(listing).toBe(`-rw-r--r-- 1001/1000         5 2023-11-14 22:13 a.txt\n-rw-r--r-- 1001/1000         1 2023-11-14 22:13 ${long}\n`)
  })

  it('opens contents on demand, one at a time', async () => {
    let open = 0
    let most = 0
    const content = () => {
      most = Math.max(most, ++open)
      return Readable.from([Buffer.alloc(100_000)]).once('close', () => open--)
    }
    await buffer(packTar([file('a', 100_000, content), file('b', 100_000, content), file('c', 100_000, async () => content())]))
    expect(most).toBe(1)
  })

  it('does not run ahead of its reader', async () => {
    let taken = 0
    function* many() {
      for (; taken < 1000; taken++) yield file(`f${taken}`, 50_000, Buffer.alloc(50_000))
    }
    const tar = packTar(many())
    await new Promise((resolve) => tar.once('readable', resolve))
    for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate)
    expect(taken).toBeLessThan(10)
    tar.destroy()
  })

  it.each([
    ['short', Buffer.alloc(9), 'should have 10 bytes but has 9'],
    ['long', Buffer.alloc(11), 'should have 10 bytes but has more'],
    ['a short stream', () => Readable.from([Buffer.alloc(9)]), 'should have 10 bytes but has 9'],
    ['a long stream', () => Readable.from([Buffer.alloc(10), Buffer.alloc(1)]), 'should have 10 bytes but has more'],
    ['missing', undefined, 'should have 10 bytes but has 0'],
  ])('fails with CNB_APP_CHANGED if a content is %s', async (_, content, words) => {
    await expect(buffer(packTar([file('app/x', 10, content)]))).rejects.toMatchObject({
      code: 'CNB_APP_CHANGED',
      message: `app/x ${words}`,
    })
  })

  it('passes on errors of contents and entries', async () => {
    const broken = () =>
      new Readable({
        read() {
          this.destroy(new Error('disk'))
        },
      })
    await expect(buffer(packTar([file('x', 1, broken)]))).rejects.toThrow('disk')
    const failing = async function* (): AsyncGenerator<TarEntry> {
      yield file('x', 0, Buffer.alloc(0))
      throw new CnbError('CNB_APP_INVALID', 'no')
    }
    await expect(buffer(packTar(failing()))).rejects.toMatchObject({ code: 'CNB_APP_INVALID' })
  })

  it("stops on an abort while a content is stalled, with the signal's reason", async () => {
    const stop = new AbortController()
    const stalled = new Readable({
      read() {
        stop.abort(new CnbError('CNB_INTERRUPTED', 'Ctrl-C'))
      },
    })
    await expect(buffer(packTar([file('x', 1, stalled)], { signal: stop.signal }))).rejects.toMatchObject({
      code: 'CNB_INTERRUPTED',
      message: 'Ctrl-C',
    })
    expect(stalled.destroyed).toBe(true)
  })

  it('lets the entries clean up when the reader stops', async () => {
    let cleaned = false
    const tar = packTar(
      (async function* () {
        try {
          for (;;) yield file('x', 100_000, Buffer.alloc(100_000))
        } finally {
          cleaned = true
        }
      })(),
    )
    for await (const chunk of tar) {
      expect(chunk).toBeDefined()
      break
    }
    await new Promise(setImmediate)
    expect(cleaned).toBe(true)
  })
})
