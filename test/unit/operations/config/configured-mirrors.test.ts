import { describe, expect, test } from 'vitest'
import { rankRunImages } from '../../../../src/images/find/run-image.ts'
import { declaredName, withConfiguredMirrors } from '../../../../src/operations/config/configured-mirrors.ts'

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

test('a run image that is named by its digest has the mirrors that are configured for that digest only', () => {
  const pinned = `my/run@sha256:${'a'.repeat(64)}`
  expect(withConfiguredMirrors({ image: pinned, mirrors: [] }, config).preferred).toEqual([])
  const own = { runImages: [{ image: pinned, mirrors: ['corp.example/pinned'] }] }
  expect(withConfiguredMirrors({ image: `docker.io/${pinned}`, mirrors: [] }, own).preferred).toEqual(['corp.example/pinned'])
})

describe('what a chosen run image is called elsewhere', () => {
  const digest = `@sha256:${'b'.repeat(64)}`
  test.each([
    ['a mirror of one that the app names', 'corp.example/run:latest', declared.image],
    ['one that the app names', 'a.example/run', 'a.example/run'],
    ['a mirror of one that the app does not name', 'c.example/other', 'other'],
    ['a digest of a mirror', `corp.example/run${digest}`, `${declared.image}${digest}`],
    ['a digest of a mirror of one that the app does not name', `c.example/other:latest${digest}`, `other${digest}`],
    ['another tag than that of the mirror', 'corp.example/run:2', 'corp.example/run:2'],
    ['one that nobody configured', 'd.example/run', 'd.example/run'],
  ])('%s: %s is %s', (_, chosen, name) => {
    expect(declaredName(chosen, [declared.image, ...declared.mirrors], config)).toBe(name)
  })

  test('of two images with one mirror it is the one that the app names', () => {
    const shared = { runImages: ['first:1', 'second:1'].map((image) => ({ image, mirrors: ['corp.example/shared'] })) }
    expect(declaredName('corp.example/shared', ['second:1'], shared)).toBe('second:1')
    expect(declaredName('corp.example/shared', [], shared)).toBe('first:1')
  })
})
