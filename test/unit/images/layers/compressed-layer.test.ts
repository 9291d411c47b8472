import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { PassThrough, Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { decompress } from '../../../../src/archive/decompress.ts'
import { makeTemporaryDirectory } from '../../../../src/base/files.ts'
import { compressLayer } from '../../../../src/images/layers/compressed-layer.ts'
import type { Layer } from '../../../../src/images/image.ts'
import { digestOf } from '../../../../src/oci/digest.ts'

const layerOf = (content: Buffer, chunks: Iterable<Buffer> = [content]): Layer => ({
  diffId: digestOf(content),
  open: async () => Readable.from(chunks, { objectMode: false }),
})

async function directory(): Promise<string> {
  const made = await makeTemporaryDirectory('cnb-test-')
  onTestFinished(() => made[Symbol.asyncDispose]())
  return made.path
}

/** Longer than gzip's window, and not a multiple of the block size. */
const PATTERN = Buffer.alloc(100_003, 7)
for (let at = 0, state = 1; at < PATTERN.length; at += 3, state = (state * 48271) % 2147483647) PATTERN[at] = state

/** Content that is partly compressible. */
const contentOf = (length: number): Buffer => Buffer.alloc(length, PATTERN)

test('compresses a layer of any size, in chunks of any size, to the gzip blob of its descriptor', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: 3_000_000 }), fc.integer({ min: 1000, max: 2_000_000 }), async (length, size) => {
      const content = contentOf(length)
      const chunks = Array.from({ length: Math.ceil(length / size) }, (_, index) => content.subarray(index * size, (index + 1) * size))
      const compressed = await compressLayer(layerOf(content, chunks), await directory())
      const blob = await buffer(await compressed.open())
      expect(compressed.descriptor).toEqual({ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: digestOf(blob), size: blob.length })
      expect(gunzipSync(blob).equals(content)).toBe(true)
      expect(digestOf(await buffer(await decompress(await compressed.open())))).toBe(digestOf(content))
    }),
    { numRuns: 10, examples: [[0, 1000], [1024 * 1024, 1024 * 1024], [2 * 1024 * 1024 + 1, 999_999]] },
  )
})

test('compresses a layer to the same bytes for any chunks and concurrency, without time, file name and system', async () => {
  const [content, path] = [contentOf(2_500_000), await directory()]
  const others = Promise.all([1, 2, 3, 4].map(async (extra) => compressLayer(layerOf(contentOf(2_000_000 + extra)), path)))
  const [first, second] = [await compressLayer(layerOf(content), path), await compressLayer(layerOf(content, [content.subarray(0, 7), content.subarray(7)]), await directory())]
  await others
  expect(second.descriptor).toEqual(first.descriptor)
  expect((await buffer(await first.open())).subarray(0, 10).toString('hex')).toMatch(/^1f8b080000000000(?:00|04)ff$/)
})

test('stores blocks that do not shrink uncompressed, and compresses others', async () => {
  const size = 512 * 1024
  /** Random values below a limit: each byte has log2(limit) bits of information. */
  const values = (limit: number, length = size): Buffer => Buffer.from(randomBytes(length).map((value) => value % limit))
  const blocks = [values(256), contentOf(size), values(200), values(246), values(256, 200_001)]
  const content = Buffer.concat(blocks)
  const blob = await buffer(await (await compressLayer(layerOf(content), await directory())).open())
  expect(gunzipSync(blob).equals(content)).toBe(true)
  expect((await buffer(await decompress(Readable.from([blob], { objectMode: false })))).equals(content)).toBe(true)
  const sizes = await Promise.all(blocks.map(async (block) => (await compressLayer(layerOf(block), await directory())).descriptor.size / block.length))
  expect(sizes.map((ratio) => ratio > 1)).toEqual([true, false, false, true, true])
  // A header of 10 bytes, 5 for each part of 65535 bytes, and 8 at the end.
  expect(sizes[0]! * size).toBe(10 + 9 * 5 + size + 8)
})

test('compresses a small layer to the same blob in memory, and rejects another stream', async () => {
  const path = await directory()
  const layer = layerOf(contentOf(30_000))
  const small = await compressLayer({ ...layer, size: 30_000 }, path)
  expect(await readdir(path)).toEqual([])
  expect(small.descriptor).toEqual((await compressLayer(layer, path)).descriptor)
  expect(gunzipSync(await buffer(await small.open())).equals(contentOf(30_000))).toBe(true)
  const other = { ...layer, size: 30_000, open: async () => Readable.from([contentOf(30_001)], { objectMode: false }) }
  await expect(compressLayer(other, path)).rejects.toMatchObject({ code: 'CNB_IMAGE_INVALID' })
})

test('rejects a stream with another digest, and leaves no file', async () => {
  const path = await directory()
  const layer = { ...layerOf(contentOf(2_000_000)), open: async () => Readable.from([contentOf(1_999_999)], { objectMode: false }) }
  await expect(compressLayer(layer, path)).rejects.toMatchObject({ code: 'CNB_IMAGE_INVALID', message: expect.stringContaining(layer.diffId) })
  expect(await readdir(path)).toEqual([])
  expect(gunzipSync(await buffer(await (await compressLayer(layerOf(contentOf(2_000_000)), path)).open())).length).toBe(2_000_000)
})

test("throws the stream's error, and stops after an abort", async () => {
  const path = await directory()
  const broken = new PassThrough()
  broken.write(contentOf(1_500_000), () => broken.destroy(new Error('connection lost')))
  await expect(compressLayer({ ...layerOf(contentOf(1)), open: async () => broken }, path)).rejects.toThrow('connection lost')

  const stop = new AbortController()
  const endless = new PassThrough({ signal: stop.signal })
  endless.write(contentOf(1_500_000), () => stop.abort())
  const compressed = compressLayer({ ...layerOf(contentOf(1)), open: async () => endless }, path, { signal: stop.signal })
  await expect(compressed).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
  expect(await readdir(path)).toEqual([])
})
