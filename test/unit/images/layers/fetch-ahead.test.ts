import { expect, test } from 'vitest'
import { fetchAhead } from '../../../../src/images/layers/fetch-ahead.ts'
import type { Layer } from '../../../../src/images/image.ts'
import { digestOf } from '../../../../src/oci/digest.ts'
import { layer } from '../app-images.ts'

/** Layers with downloads that the calls of `finish` end. */
function downloads(count: number) {
  const started: number[] = []
  const finish: (() => void)[] = []
  const layers = Array.from({ length: count }, (_, at): Layer => {
    const fetch = () => new Promise<void>((resolve) => {
      started.push(at)
      finish.push(resolve)
    })
    return { ...layer(`${at}`), blob: { descriptor: { mediaType: '', digest: digestOf(`${at}`), size: 1 }, fetch, open: () => Promise.reject(new Error('it is read')) } }
  })
  return { layers, started, finish }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

test('starts four downloads, and the next one when one ends', async () => {
  const { layers, started, finish } = downloads(6)
  const ahead = fetchAhead(layers, {})
  await settled()
  expect(started).toEqual([0, 1, 2, 3])
  finish[2]?.()
  await settled()
  expect(started).toEqual([0, 1, 2, 3, 4])
  for (const end of finish) end()
  await settled()
  finish[5]?.()
  await ahead[Symbol.asyncDispose]()
})

test('starts no download after disposal, and waits for those that run', async () => {
  const { layers, started, finish } = downloads(6)
  const ahead = fetchAhead(layers, {})
  await settled()
  let ended = false
  const ending = ahead[Symbol.asyncDispose]().then(() => (ended = true))
  await settled()
  expect(ended).toBe(false)
  for (const end of finish) end()
  await ending
  expect(started).toEqual([0, 1, 2, 3])
})

test('ignores failures and layers without a cache', async () => {
  const failing = { descriptor: { mediaType: '', digest: digestOf('a'), size: 1 }, fetch: () => Promise.reject(new Error('no')), open: () => Promise.reject(new Error('no')) }
  await fetchAhead([layer('a'), { ...layer('b'), blob: failing }], {})[Symbol.asyncDispose]()
})
