import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { readAhead } from '../../../../../src/lifecycle/native/run/read-ahead.ts'
import { digestOf } from '../../../../../src/oci/digest.ts'

/** A layer of `chunks` MiB; `read` has the number of chunks that were read from it. */
function layerOf(chunks: number, failure?: Error) {
  const layer = {
    read: 0,
    stream: undefined as Readable | undefined,
    diffId: digestOf('layer'),
    open: async () => {
      async function* content() {
        for (; layer.read < chunks; layer.read++) yield Buffer.alloc(1024 * 1024)
        if (failure) throw failure
      }
      return (layer.stream = Readable.from(content(), { objectMode: false }))
    },
  }
  return layer
}

/** Waits until nothing happens any more. */
async function idle(): Promise<void> {
  for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve))
}

test('reads small layers to their end before the container gets them', async () => {
  const layers = [layerOf(2), layerOf(3)]
  await using ahead = readAhead(layers, {})
  await idle()
  expect(layers.map(({ read }) => read)).toEqual([2, 3])
  for (const [at, tar] of ahead.tars.entries()) expect(await buffer(await tar)).toHaveLength(layers[at]!.read * 1024 * 1024)
})

test('keeps a bounded part of large layers in memory', async () => {
  const layers = [layerOf(100), layerOf(100)]
  await using _ahead = readAhead(layers, {})
  await idle()
  for (const { read } of layers) expect(read).toBeLessThan(12)
})

test('fails where a layer is read or opened, not before', async () => {
  await using ahead = readAhead([layerOf(1, new Error('it is damaged')), { diffId: digestOf('x'), open: () => Promise.reject(new Error('it is gone')) }], {})
  await idle()
  const [damaged, gone] = ahead.tars
  await expect((async () => buffer(await damaged!))()).rejects.toThrow('it is damaged')
  await expect(gone).rejects.toThrow('it is gone')
})

test('closes layers that are not read', async () => {
  const layer = layerOf(100)
  const ahead = readAhead([layer], {})
  await idle()
  await ahead[Symbol.asyncDispose]()
  await idle()
  expect(layer.stream?.destroyed).toBe(true)
})
