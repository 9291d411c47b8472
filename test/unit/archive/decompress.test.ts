import { PassThrough, Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import * as zlib from 'node:zlib'
import { createGzip, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { decompress, isCompressed } from '../../../src/archive/decompress.ts'
import { CnbError } from '../../../src/base/errors.ts'

const content = Buffer.from('content'.repeat(1000))
const bytewise = (bytes: Buffer): Readable =>
  Readable.from(
    [...bytes].map((byte) => Buffer.from([byte])),
    { objectMode: false },
  )

describe('decompress', () => {
  it.each([
    ['gzip', () => Readable.from([gzipSync(content)])],
    ['gzip that comes byte by byte', () => bytewise(gzipSync(content))],
    ['gzip in two members', () => Readable.from([gzipSync(content.subarray(0, 10)), gzipSync(content.subarray(10))])],
    ['plain', () => Readable.from([content])],
    ['plain that comes byte by byte', () => bytewise(content)],
  ])('decompresses a %s stream', async (_, open) => {
    expect((await buffer(await decompress(open()))).equals(content)).toBe(true)
  })

  it('lets the stream read more while it waits for the first bytes', async () => {
    const stream = new PassThrough()
    stream.write('a')
    let waits = 0
    stream.on('newListener', (event) => {
      if (event === 'readable' && ++waits > 100) throw new Error('the loop never ends')
    })
    setImmediate(() => stream.end('b'))
    expect((await buffer(await decompress(stream))).toString()).toBe('ab')
  })

  it.each([[Buffer.alloc(0)], [Buffer.from('a')], [Buffer.from([0x1f])]])('returns %o unchanged', async (bytes) => {
    expect(await buffer(await decompress(Readable.from([bytes], { objectMode: false })))).toEqual(bytes)
  })

  it.each([
    ['xz', '\xfd7zXZ'],
    ['bzip2', 'BZh91AY&SY'],
    ['zip', 'PK\x03\x04'],
  ])('rejects %s and destroys the archive', async (name, magic) => {
    const archive = new PassThrough()
    archive.write(Buffer.from(`${magic} and more`, 'latin1'))
    await expect(decompress(archive, { source: 'bp.tar' })).rejects.toMatchObject({
      code: 'CNB_UNSUPPORTED',
      message: `bp.tar is ${name}-compressed, which is not supported here`,
    })
    expect(archive.destroyed).toBe(true)
  })

  it('reads zstd if Node.js supports it, and rejects it with a hint otherwise', async () => {
    // RFC 8878: a frame of one raw block with the content "layer a".
    const frame = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x20, 7, (7 << 3) | 1, 0, 0, ...Buffer.from('layer a')])
    const opened = decompress(Readable.from([frame]), { source: 'bp.tar' })
    if ('createZstdDecompress' in zlib) expect((await buffer(await opened)).toString()).toBe('layer a')
    else await expect(opened).rejects.toMatchObject({ code: 'CNB_UNSUPPORTED', hint: expect.stringContaining('22.15') })
  })

  it('detects compression without consuming the stream', async () => {
    const stream = bytewise(gzipSync(content))
    expect(await isCompressed(stream)).toBe(true)
    expect((await buffer(await decompress(stream))).equals(content)).toBe(true)
    expect(await isCompressed(Readable.from([content]))).toBe(false)
  })

  it.each([
    ['is cut', gzipSync(content).subarray(0, -12)],
    ['is spoilt', Buffer.concat([gzipSync(content).subarray(0, 12), Buffer.alloc(40, 0xff)])],
  ])('reports gzip data that %s', async (_, bytes) => {
    const plain = await decompress(Readable.from([bytes]), { source: 'bp.tgz', invalid: 'CNB_BUILDPACK_INVALID' })
    await expect(buffer(plain)).rejects.toMatchObject({
      code: 'CNB_BUILDPACK_INVALID',
      message: expect.stringContaining('bp.tgz is not valid gzip data: '),
    })
  })

  it.each(['before', 'after'])('passes on an error of the archive %s its first bytes', async (when) => {
    const lost = new CnbError('CNB_ENGINE_LOST', 'gone')
    const archive = new Readable({
      read() {
        if (when === 'before' || this.readableDidRead) this.destroy(lost)
        else this.push(gzipSync(content).subarray(0, 40))
      },
    })
    await expect(decompress(archive).then(buffer)).rejects.toBe(lost)
  })

  it('decompresses a bomb only as fast as it is read, and destroys the archive when the reader stops', async () => {
    const archive = createGzip()
    let zeros = 0
    Readable.from(
      (function* () {
        for (; zeros < 4096; zeros++) yield Buffer.alloc(1024 * 1024)
      })(),
    ).pipe(archive)
    const plain = await decompress(archive)
    const closed = new Promise((resolve) => archive.once('close', resolve))
    let read = 0
    for await (const chunk of plain) {
      read += (chunk as Buffer).length
      if (read > 4 * 1024 * 1024) break
    }
    await closed
    expect(zeros).toBeLessThan(1000)
  })

  it('destroys the archive when the unread result is destroyed', async () => {
    const archive = new PassThrough()
    archive.write(gzipSync(content).subarray(0, 100))
    const plain = await decompress(archive)
    const closed = new Promise((resolve) => archive.once('close', resolve))
    plain.destroy()
    await closed
    expect(archive.destroyed).toBe(true)
  })
})
