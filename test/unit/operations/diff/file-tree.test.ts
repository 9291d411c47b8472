import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { pack, type Header } from 'tar-stream'
import { expect, test } from 'vitest'
import type { Layer } from '../../../../src/images/image.ts'
import { blobLayer } from '../../../../src/images/layers/plain-layer.ts'
import { digestOf } from '../../../../src/oci/digest.ts'
import { readFiles, type FileLimits } from '../../../../src/operations/diff/file-tree.ts'
import { containing } from '../../../support/matching.ts'

type Entry = string | (Partial<Header> & { name: string })

async function layerOf(...entries: Entry[]): Promise<Layer> {
  const archive = pack()
  for (const entry of entries) {
    const header = typeof entry === 'string' ? { name: entry } : entry
    archive.entry({ ...header }, header.type === undefined ? header.name : '')
  }
  archive.finalize()
  const tar = await buffer(archive)
  return { diffId: digestOf(tar), open: async () => Readable.from([tar]) }
}

const read = async (layers: Layer[], limits?: FileLimits) => readFiles('app', layers, {}, limits)
const shown = async (...layers: Promise<Layer>[]) =>
  Object.fromEntries([...(await read(await Promise.all(layers)))].map(([path, { type }]) => [path, type]))

test('returns status and digest of each file, under a normal path', async () => {
  const files = await read([await layerOf({ name: './a//b', mode: 0o4755, uid: 7, gid: 8 }, { name: '/d/', type: 'directory' }, { name: 'l', type: 'symlink', linkname: '../x' })])
  expect([...files.keys()]).toEqual(['a/b', 'd', 'l'])
  expect(files.get('a/b')).toMatchObject({ type: 'file', mode: '4755', uid: 7, gid: 8, size: 6, digest: expect.any(String) as string })
  expect(files.get('l')).toMatchObject({ type: 'symlink', link: '../x' })
})

test('removes files of lower layers by whiteouts, not those of the same layer', async () => {
  const lower = layerOf('d/a', 'd/b', 'e/a', 'f')
  const upper = layerOf('d/c', 'd/.wh..wh..opq', '.wh.f', 'e/.wh.a', 'e/a', '.wh..wh.plnk')
  expect(await shown(lower, upper)).toEqual({ 'd/*': 'whiteout', 'd/c': 'file', f: 'whiteout', 'e/a': 'file' })
})

test('removes the files below a directory that an upper layer replaces or removes', async () => {
  expect(await shown(layerOf('d/a/x', 'e/y'), layerOf('d', '.wh.e'))).toEqual({ d: 'file', e: 'whiteout' })
})

const WIDE: FileLimits = { entries: 100, names: 10_000, bytes: 1024 ** 2 }

test.each([
  ['entries', { ...WIDE, entries: 2 }, 'more than 2 entries'],
  ['bytes of names', { ...WIDE, names: 3 }, 'more than 3 bytes of file names'],
  ['bytes', { ...WIDE, bytes: 1024 }, 'more than 1024 bytes'],
])('fails for more %s than the limit', async (_, limits, message) => {
  const layer = await layerOf('aa', 'bb', 'cc')
  expect((await read([layer], WIDE)).size).toBe(3)
  await expect(read([layer], limits)).rejects.toMatchObject({ code: 'CNB_IMAGE_INVALID', message: containing(message), hint: 'Compare the images without --files.' })
})

test('fails for a name that Linux cannot open', async () => {
  await expect(read([await layerOf(`${'a/'.repeat(2049)}b`)])).rejects.toMatchObject({ code: 'CNB_IMAGE_INVALID', message: containing('limit is 4096') })
})

test('stops a compressed layer that unpacks to more than the limit', async () => {
  const tar = await buffer(await (await layerOf('a')).open())
  const large = Buffer.concat([tar.subarray(0, 1024), Buffer.alloc(8 * 1024 ** 2)])
  const blob = gzipSync(large)
  const layer = blobLayer(digestOf(large), { descriptor: { mediaType: 'x', digest: digestOf(blob), size: blob.length }, open: async () => Readable.from([blob]) })
  await expect(read([layer], WIDE)).rejects.toMatchObject({ code: 'CNB_IMAGE_INVALID', message: containing('more than 1048576 bytes') })
})
