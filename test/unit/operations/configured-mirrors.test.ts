import { expect, test } from 'vitest'
import { rankRunImages } from '../../../src/images/run-image.ts'
import { declaredName, isMirrorOf, withConfiguredMirrors } from '../../../src/operations/configured-mirrors.ts'

const config = { runImages: [{ image: 'my/run', mirrors: ['corp.example/run', 'b.example/run'] }, { image: 'other', mirrors: ['c.example/other'] }] }
const declared = { image: 'docker.io/my/run:latest', mirrors: ['a.example/run'] }

const rank = (registry: string, ...present: string[]) => rankRunImages(withConfiguredMirrors(declared, config), registry, async (name) => present.includes(name))

test("the user's mirrors come first, also before what is on the engine", async () => {
  expect(await rank('elsewhere.example', 'a.example/run')).toEqual(['corp.example/run', 'b.example/run', 'a.example/run', 'docker.io/my/run:latest'])
})

test("the app's own registry comes before them", async () => {
  expect(await rank('a.example')).toEqual(['a.example/run', 'corp.example/run', 'b.example/run', 'docker.io/my/run:latest'])
  expect(await rank('b.example')).toEqual(['b.example/run', 'corp.example/run', 'docker.io/my/run:latest', 'a.example/run'])
})

test('mirrors of other run images do not matter', () => {
  expect(withConfiguredMirrors({ image: 'third', mirrors: [] }, config).preferred).toEqual([])
  expect(withConfiguredMirrors({ image: 'NOT A NAME', mirrors: [] }, config).preferred).toEqual([])
})

test('a mirror is known elsewhere as the image that it mirrors', () => {
  expect(declaredName('corp.example/run:latest', declared, config)).toBe(declared.image)
  expect(declaredName('a.example/run', declared, config)).toBe('a.example/run')
  expect(declaredName('c.example/other', declared, config)).toBe('c.example/other')
  expect(declaredName('c.example/other', undefined, config)).toBe('c.example/other')
  expect(isMirrorOf('corp.example/run', 'my/run', config)).toBe(true)
})
