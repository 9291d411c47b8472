import { readdir } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { afterEach, expect, test, vi } from 'vitest'
import { makeTemporaryDirectory } from '../../../../src/base/files.ts'
import type { Layer } from '../../../../src/images/image.ts'
import { LayerBlobs } from '../../../../src/images/layers/layer-blobs.ts'
import { digestOf } from '../../../../src/oci/digest.ts'

const CONTENT = Buffer.from('a layer')
const open = async (): Promise<Readable> => Readable.from([CONTENT], { objectMode: false })
const LAYER: Layer = { diffId: digestOf(CONTENT), open }
const UNREADABLE: Layer = { ...LAYER, open: () => Promise.reject(new Error('it is read again')) }

afterEach(() => void vi.unstubAllEnvs())

async function copied(blobs: LayerBlobs): Promise<void> {
  await using copy = await blobs.copy()
  await copy.write(CONTENT)
  await copy.finish(LAYER.diffId)
}

test('reuses a copied layer without another read, with the same result', async () => {
  await using blobs = new LayerBlobs()
  await copied(blobs)
  const blob = await blobs.of(UNREADABLE)
  expect(gunzipSync(await buffer(await blob.open()))).toEqual(CONTENT)
  await using others = new LayerBlobs()
  expect(blob.descriptor).toEqual((await others.of(LAYER)).descriptor)
})

test('prefers a blob of a store to a copy', async () => {
  await using blobs = new LayerBlobs()
  await copied(blobs)
  const there = { descriptor: { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: LAYER.diffId, size: CONTENT.length }, open }
  blobs.remember({ layers: [{ ...LAYER, blob: there }] })
  expect(await blobs.of(UNREADABLE)).toBe(there)
})

test('remembers the repository of an uploaded layer', async () => {
  await using blobs = new LayerBlobs()
  blobs.recordUpload(LAYER.diffId, await blobs.of(LAYER), 'registry.example/app')
  expect((await blobs.of(UNREADABLE)).repository).toBe('registry.example/app')
  blobs.recordUpload(LAYER.diffId, await blobs.of(UNREADABLE), 'registry.example/other')
  expect((await blobs.of(UNREADABLE)).repository).toBe('registry.example/app')
})

test('removes the files of finished and cancelled layers', async () => {
  await using temporary = await makeTemporaryDirectory('cnb-test-')
  vi.stubEnv('TMPDIR', temporary.path)
  {
    await using blobs = new LayerBlobs()
    await copied(blobs)
    await using copy = await blobs.copy()
    await copy.write(CONTENT)
    await expect(blobs.of({ ...UNREADABLE, diffId: digestOf('other') })).rejects.toThrow('it is read again')
  }
  expect(await readdir(temporary.path)).toEqual([])
})
