import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { makeTemporaryDirectory } from '../../../../src/base/files.ts'
import type { Layer } from '../../../../src/images/image.ts'
import { type EarlyTarget, LayerBlobs } from '../../../../src/images/layers/layer-blobs.ts'
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

describe('a layer of an image that is not complete', () => {
  const NAME = 'registry.example/app'
  const upload = (): Promise<never> => Promise.reject(new Error('it is sent while it is compressed'))

  async function started(send: EarlyTarget['send'], layer = LAYER): Promise<{ wasSent: boolean; sent: number }> {
    let sent = 0
    await using blobs = new LayerBlobs()
    blobs.sendEarlyTo({ name: NAME, upload, send: (blob, context) => (sent++, send(blob, context)) })
    blobs.start(layer, {})
    const { digest } = (await blobs.of(layer)).descriptor
    return { wasSent: await blobs.wasSentTo(digest, NAME), sent }
  }

  test('is sent, once', async () => {
    expect(await started(async () => {})).toEqual({ wasSent: true, sent: 1 })
  })

  test('is sent again after a failure', async () => {
    expect(await started(() => Promise.reject(new Error('no')))).toEqual({ wasSent: false, sent: 1 })
  })

  test('is not sent if a store has its blob', async () => {
    const blob = { descriptor: { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: LAYER.diffId, size: CONTENT.length }, open }
    expect(await started(async () => {}, { ...LAYER, blob })).toEqual({ wasSent: false, sent: 0 })
  })

  test('may be unreadable: the error surfaces where the image is saved', async () => {
    await using blobs = new LayerBlobs()
    blobs.sendEarlyTo({ name: NAME, upload, send: async () => {} })
    blobs.start(UNREADABLE, {})
    await expect(blobs.of(UNREADABLE)).rejects.toThrow('it is read again')
  })
})

describe('a large layer', () => {
  const LARGE = randomBytes(6 * 1024 * 1024)
  const diffId = digestOf(LARGE)
  const NEVER = (): Promise<never> => Promise.reject(new Error('it is sent complete'))

  async function copyLarge(blobs: LayerBlobs, upload: EarlyTarget['upload']): Promise<void> {
    blobs.sendEarlyTo({ name: 'registry.example/app', send: NEVER, upload })
    await using copy = await blobs.copy()
    for (let at = 0; at < LARGE.length; at += 1024 * 1024) await copy.write(LARGE.subarray(at, at + 1024 * 1024))
    await copy.finish(diffId)
  }

  test('is sent to the repository while it is compressed, and nowhere else', async () => {
    await using blobs = new LayerBlobs()
    let sent: Buffer | undefined
    await copyLarge(blobs, async (source) => {
      sent = await buffer(await source.open())
      return { digest: digestOf(sent) }
    })
    const { digest } = (await blobs.of({ ...UNREADABLE, diffId })).descriptor
    expect(await blobs.wasSentTo(digest, 'registry.example/app')).toBe(true)
    expect(gunzipSync(sent!).equals(LARGE)).toBe(true)
    expect(await blobs.wasSentTo(digest, 'registry.example/other')).toBe(false)
    expect(await blobs.wasSentTo(diffId, 'registry.example/app')).toBe(false)
  })

  test.each<[string, EarlyTarget['upload']]>([
    ['fails', () => Promise.reject(new Error('no'))],
    ['has another digest', async (source) => (await buffer(await source.open()), { digest: digestOf('other') })],
  ])('is sent again if the upload %s', async (_, upload) => {
    await using blobs = new LayerBlobs()
    await copyLarge(blobs, upload)
    const { digest } = (await blobs.of({ ...UNREADABLE, diffId })).descriptor
    expect(await blobs.wasSentTo(digest, 'registry.example/app')).toBe(false)
  })

  test('fails to be sent if it is not completed', async () => {
    await using blobs = new LayerBlobs()
    const failed = new Promise((resolve) => {
      blobs.sendEarlyTo({ name: 'registry.example/app', send: NEVER, upload: async (source) => {
        await buffer(await source.open()).catch(resolve)
        throw new Error('incomplete')
      } })
    })
    {
      await using copy = await blobs.copy()
      await copy.write(LARGE)
    }
    expect(await failed).toMatchObject({ code: 'CNB_OUTPUT' })
  })
})
