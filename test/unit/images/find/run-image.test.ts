import { describe, expect, test } from 'vitest'
import { decisionsOf } from '../../../support/decisions.ts'
import type { CnbEvent } from '../../../../src/base/events.ts'
import { CnbError } from '../../../../src/base/errors.ts'
import { chooseRunImage, findFirstImage, rankRunImages } from '../../../../src/images/find/run-image.ts'
import { image } from '../app-images.ts'

describe('rankRunImages', () => {
  const names = { image: 'hub/run', mirrors: ['a.example/run', 'b.example/run', 'b.example/run2'] }
  const rank = (registry: string, ...present: string[]) => rankRunImages(names, registry, async (name) => present.includes(name))

  test("puts the app's registry first", async () => {
    expect(await rank('b.example')).toEqual(['b.example/run', 'b.example/run2', 'hub/run', 'a.example/run'])
    expect(await rank('docker.io')).toEqual(['hub/run', 'a.example/run', 'b.example/run', 'b.example/run2'])
  })

  test("sorts names on the engine before others, but after those on the app's registry", async () => {
    expect(await rank('b.example', 'b.example/run2', 'a.example/run')).toEqual(['b.example/run2', 'b.example/run', 'a.example/run', 'hub/run'])
    expect(await rank('elsewhere.example', 'a.example/run')).toEqual(['a.example/run', 'hub/run', 'b.example/run', 'b.example/run2'])
  })

  test('omits repetitions and invalid references', async () => {
    expect(await rankRunImages({ image: 'run', mirrors: ['run', 'NOT A NAME'] }, 'docker.io', async () => false)).toEqual(['run'])
  })
})

describe('findFirstImage', () => {
  const fail = (code: 'CNB_IMAGE_NOT_FOUND' | 'CNB_PULL_FAILED' | 'CNB_ENGINE_LOST', name: string) => Promise.reject(new CnbError(code, name))

  test('tries the next name if an image cannot be pulled', async () => {
    const found = await findFirstImage(['a', 'b', 'c'], (name) => (name === 'c' ? Promise.resolve(image({ reference: 'c' })) : fail('CNB_PULL_FAILED', name)))
    expect(found).toMatchObject({ name: 'c', image: { reference: 'c' } })
  })

  test('throws the first error if all names fail, and stops at any other error', async () => {
    await expect(findFirstImage(['a', 'b'], (name) => fail('CNB_IMAGE_NOT_FOUND', name))).rejects.toThrow('a')
    await expect(findFirstImage(['a', 'b'], (name) => fail(name === 'a' ? 'CNB_IMAGE_NOT_FOUND' : 'CNB_ENGINE_LOST', name))).rejects.toThrow('b')
    expect(await findFirstImage([], () => fail('CNB_ENGINE_LOST', ''))).toBeUndefined()
  })
})

test.each([
  ['r.example', { image: 'r.example/run', mirrors: [] }, 'run image r.example/run: chosen: the builder names it'],
  ['m.example', { image: 'r.example/run', mirrors: ['m.example/run'] }, "run image m.example/run: chosen: the builder names it as a mirror of 'r.example/run', on the app's registry"],
  ['x.example', { image: 'r.example/run', mirrors: [], preferred: ['own.example/run'] }, "run image own.example/run: chosen: the configuration file lists it as a mirror of 'r.example/run', the run image of the builder"],
])('explains the run image of an app on %s', async (registry, names, decision) => {
  const events: CnbEvent[] = []
  const find = async (name: string) => image({ reference: name })
  await chooseRunImage({ names, declaredBy: 'the builder', registry, isPresent: async () => false, find }, { events: (event) => events.push(event) })
  expect(decisionsOf(events)).toEqual([decision])
})

test('reports skipped names', async () => {
  const events: CnbEvent[] = []
  const find = async (name: string) => {
    if (name === 'r.example/run') throw new CnbError('CNB_IMAGE_NOT_FOUND', 'manifest unknown')
    return image({ reference: name })
  }
  const names = { image: 'r.example/run', mirrors: ['m.example/run'] }
  await chooseRunImage({ names, declaredBy: 'the builder', registry: 'r.example', isPresent: async () => false, find }, { events: (event) => events.push(event) })
  expect(decisionsOf(events)).toEqual([
    'run image r.example/run: passed over: manifest unknown',
    "run image m.example/run: chosen: the builder names it as a mirror of 'r.example/run'",
  ])
})
