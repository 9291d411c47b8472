import { buffer } from 'node:stream/consumers'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readTar } from '../../../../../src/archive/tar/tar-reader.ts'
import { packTar } from '../../../../../src/archive/tar/tar-writer.ts'
import { extensionLayer } from '../../../../../src/lifecycle/native/extensions/extension-layer.ts'
import { digestOf } from '../../../../../src/oci/digest.ts'
import { APP_LAYER_DIGEST, EXTENDER_LAYER } from './golden-layer.ts'

const converted = (...chunks: Buffer[]): Promise<Buffer> => buffer(Readable.from(extensionLayer(Readable.from(chunks)), { objectMode: false }))

describe('extensionLayer', () => {
  it('converts a layer as Go does, for any size of chunks', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: EXTENDER_LAYER.length - 1 }), { maxLength: 8 }), async (cuts) => {
        const edges = [0, ...[...new Set(cuts)].sort((a, b) => a - b), EXTENDER_LAYER.length]
        const chunks = edges.slice(1).map((end, index) => EXTENDER_LAYER.subarray(edges[index], end))
        expect(digestOf(await converted(...chunks))).toBe(APP_LAYER_DIGEST)
      }),
      { numRuns: 30 },
    )
  })

  it('does not change its input, or a layer that is already converted', async () => {
    const given = Buffer.from(EXTENDER_LAYER)
    const once = await converted(given)
    expect(given.equals(EXTENDER_LAYER)).toBe(true)
    expect((await converted(once)).equals(once)).toBe(true)
  })

  it('keeps file capabilities and contents', async () => {
    const layer = await converted(EXTENDER_LAYER)
    expect(layer.includes('SCHILY.xattr.security.capability=')).toBe(true)
    const names: string[] = []
    for await (const { name, mtime } of readTar(Readable.from([layer]))) {
      names.push(name.toString())
      expect(mtime).toBe(315532801)
    }
    expect(names).toEqual(expect.arrayContaining(['opt/.wh.gone', 'opt/', 'opt/capable', 'opt/link', 'opt/näme']))
  })

  it('rejects a tar that is cut off at any position', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: EXTENDER_LAYER.length - 1025 }), async (end) => {
        await expect(converted(EXTENDER_LAYER.subarray(0, end))).rejects.toMatchObject({ code: 'CNB_PHASE_FAILED' })
      }),
      { numRuns: 30 },
    )
  })

  it.each([
    ['another tar format', 257, 'ustar  \0'],
    ['a type that the extender does not write', 156, 'L'],
    ['a wrong checksum', 148, '000000\0 '],
  ])('rejects %s', async (_what, offset, text) => {
    const tar = await buffer(packTar([{ type: 'file', name: 'f', mode: 0o644, uid: 0, gid: 0, mtime: 0 }]))
    tar.write(text, offset, 'latin1')
    await expect(converted(tar)).rejects.toMatchObject({ code: 'CNB_PHASE_FAILED' })
  })
})
