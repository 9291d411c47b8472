import { describe, expect, test } from 'vitest'
import { rankRunImages } from '../../../../src/images/find/run-image.ts'
import { declaredName, withConfiguredMirrors } from '../../../../src/operations/config/configured-mirrors.ts'

const config = { runImages: [{ image: 'my/run', mirrors: ['corp.example/run', 'b.example/run'] }, { image: 'other', mirrors: ['c.example/other'] }] }
const declared = { image: 'docker.io/my/run:latest', mirrors: ['a.example/run'] }

const rank = (registry: string, ...present: string[]) => rankRunImages(withConfiguredMirrors(declared, config), registry, async (name) => present.includes(name))

test("ranks the user's mirrors first, also before images on the engine", async () => {
  expect(await rank('elsewhere.example', 'a.example/run')).toEqual(['corp.example/run', 'b.example/run', 'a.example/run', 'docker.io/my/run:latest'])
})

test("ranks names in the app's registry before the user's mirrors", async () => {
  expect(await rank('a.example')).toEqual(['a.example/run', 'corp.example/run', 'b.example/run', 'docker.io/my/run:latest'])
  expect(await rank('b.example')).toEqual(['b.example/run', 'corp.example/run', 'docker.io/my/run:latest', 'a.example/run'])
})

test('ignores mirrors of other run images', () => {
  expect(withConfiguredMirrors({ image: 'third', mirrors: [] }, config).preferred).toEqual([])
  expect(withConfiguredMirrors({ image: 'NOT A NAME', mirrors: [] }, config).preferred).toEqual([])
})

test('uses only mirrors of the same digest for a run image with a digest', () => {
  const pinned = `my/run@sha256:${'a'.repeat(64)}`
  expect(withConfiguredMirrors({ image: pinned, mirrors: [] }, config).preferred).toEqual([])
  const own = { runImages: [{ image: pinned, mirrors: ['corp.example/pinned'] }] }
  expect(withConfiguredMirrors({ image: `docker.io/${pinned}`, mirrors: [] }, own).preferred).toEqual(['corp.example/pinned'])
})

describe('declaredName', () => {
  const digest = `@sha256:${'b'.repeat(64)}`
  test.each([
    ['a mirror of a declared image', 'corp.example/run:latest', declared.image],
    ['a declared name', 'a.example/run', 'a.example/run'],
    ['a mirror of an undeclared image', 'c.example/other', 'other'],
    ['a mirror with a digest', `corp.example/run${digest}`, `${declared.image}${digest}`],
    ['a mirror of an undeclared image with a digest', `c.example/other:latest${digest}`, `other${digest}`],
    ['another tag of a mirror', 'corp.example/run:2', 'corp.example/run:2'],
    ['an image without configuration', 'd.example/run', 'd.example/run'],
  ])('maps %s, %s, to %s', (_, chosen, name) => {
    expect(declaredName(chosen, [declared.image, ...declared.mirrors], config)).toBe(name)
  })

  test('prefers a declared image if a mirror belongs to several', () => {
    const shared = { runImages: ['first:1', 'second:1'].map((image) => ({ image, mirrors: ['corp.example/shared'] })) }
    expect(declaredName('corp.example/shared', ['second:1'], shared)).toBe('second:1')
    expect(declaredName('corp.example/shared', [], shared)).toBe('first:1')
  })
})
