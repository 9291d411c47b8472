import { beforeEach, describe, expect, it } from 'vitest'
import { stackIdOf, type StackImages } from '../../../../../src/operations/resources/kp/read-image.ts'
import { openResourceBench, type ResourceBench } from '../resource-bench.ts'

const [BUILD, RUN] = ['registry.example/base/build', 'registry.example/base/run']
let bench: ResourceBench
beforeEach(async () => {
  bench = await openResourceBench()
})
const idOf = (images: StackImages): Promise<string | undefined> => stackIdOf(images, {}, bench.services.remote, {})

describe('the stack of images', () => {
  it('is that of both, of one, or none', async () => {
    const id = await idOf({ buildImage: BUILD, runImage: RUN })
    expect(id).toMatch(/./)
    expect([await idOf({ buildImage: BUILD }), await idOf({ runImage: RUN }), await idOf({})]).toEqual([id, id, undefined])
  })

  it('must be one, and have an ID', async () => {
    bench.put({ name: 'registry.example/other', layers: ['x:1'], labels: { 'io.buildpacks.stack.id': 'other' } })
    bench.put({ name: 'registry.example/plain', layers: ['x:1'], labels: {} })
    await expect(idOf({ buildImage: BUILD, runImage: 'registry.example/other' })).rejects.toMatchObject({ code: 'CNB_IMAGE_INVALID', message: "build stack 'test.stack' does not match run stack 'other'" })
    await expect(idOf({ buildImage: 'registry.example/plain' })).rejects.toMatchObject({ code: 'CNB_IMAGE_INVALID' })
  })
})
