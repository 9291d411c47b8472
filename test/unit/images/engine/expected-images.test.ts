import { expect, test } from 'vitest'
import { CnbError } from '../../../../src/base/errors.ts'
import { saveToEngine } from '../../../../src/images/engine/engine-sink.ts'
import { openEngineImages } from '../../../../src/images/engine/engine-source.ts'
import type { Image, ImagePlan } from '../../../../src/images/image.ts'
import { parseTag } from '../../../../src/oci/reference.ts'
import { FakeEngine } from '../../../support/fakes/fake-engine.ts'
import { image, layer } from '../app-images.ts'

/** A containerd store with the image `base`, and the reads of its documents. */
async function storeWith(layers: string[]): Promise<{ engine: FakeEngine; base: Image; reads: string[] }> {
  const engine = new FakeEngine({ imageStore: 'containerd' })
  const { id } = await saveToEngine(engine, planOf(undefined, layers))
  const reads: string[] = []
  const read = engine.content.read.bind(engine.content)
  engine.content.read = (digest, context) => (reads.push(digest), read(digest, context))
  return { engine, base: { ...image({ layers }), id }, reads }
}

function planOf(base: Image | undefined, layers: string[]): ImagePlan {
  return { base, config: image({ layers }).config, layers: layers.map(layer), tags: [parseTag('my/app')] }
}

test('reads the documents of an expected image before it is complete, and not again', async () => {
  const { engine, base, reads } = await storeWith(['a'])
  await using images = openEngineImages(engine, 'test')
  images.expect(base, {})
  await expect.poll(() => reads.length).toBe(2)
  await images.save(planOf(base, ['a', 'b']), {})
  expect(reads).toHaveLength(2)
})

test('reads the documents of an image for the save if the earlier reading failed', async () => {
  const { engine, base } = await storeWith(['a'])
  const read = engine.content.read.bind(engine.content)
  engine.content.read = () => Promise.reject(new CnbError('CNB_ENGINE_FAILED', 'the store is busy'))
  await using images = openEngineImages(engine, 'test')
  images.expect(base, {})
  await new Promise((resolve) => setImmediate(resolve))
  engine.content.read = read
  await expect(images.save(planOf(base, ['a', 'b']), {})).resolves.toMatchObject({ tags: ['my/app:latest'] })
})
