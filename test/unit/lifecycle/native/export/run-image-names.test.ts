import { expect, test } from 'vitest'
import { runImageNames } from '../../../../../src/lifecycle/native/export/run-image-names.ts'
import { anImage, aPlan } from '../../../../support/plans.ts'

const FIRST = { image: 'first/run', mirrors: [] }
const SECOND = { image: 'registry.example/second/run', mirrors: ['mirror.example/second/run:1'] }
const plan = (minor: number, runImages = [FIRST, SECOND]) => aPlan({ platformApi: { major: 0, minor }, runImages, runImage: { name: 'corp.example/mirror', image: anImage() } })

test.each(['registry.example/second/run:latest', 'mirror.example/second/run:1', `registry.example/second/run@sha256:${'a'.repeat(64)}`])(
  'the set that has the run image is taken, whatever its form: %s',
  (name) => {
    expect(runImageNames(plan(15), name)).toBe(SECOND)
  },
)

test('a run image that run.toml does not name gets the first set, or its own name where an extension switched to it', () => {
  expect(runImageNames(plan(15), 'corp.example/mirror')).toBe(FIRST)
  expect(runImageNames(plan(15), 'other/run')).toEqual({ image: 'other/run', mirrors: [] })
})

test('stack.toml, before Platform API 0.12, has the first set only', () => {
  expect(runImageNames(plan(11), SECOND.image)).toBe(FIRST)
})

test('no set is no name', () => {
  expect(runImageNames(plan(15, []), 'other/run')).toBeUndefined()
})

test('what is no reference is compared as it stands', () => {
  const odd = { image: '!@#', mirrors: [] }
  expect(runImageNames(plan(15, [FIRST, odd]), '!@#')).toBe(odd)
})
