import { expect, test } from 'vitest'
import { runImageNames } from '../../../../../src/lifecycle/native/export/run-image-names.ts'
import { anImage, aPlan } from '../../../../support/plans.ts'

const FIRST = { image: 'first/run', mirrors: [] }
const SECOND = { image: 'registry.example/second/run', mirrors: ['mirror.example/second/run:1'] }
const plan = (minor: number, runImages = [FIRST, SECOND]) => aPlan({ platformApi: { major: 0, minor }, runImages, runImage: { name: 'corp.example/mirror', image: anImage() } })

test.each(['registry.example/second/run:latest', 'mirror.example/second/run:1', `registry.example/second/run@sha256:${'a'.repeat(64)}`])(
  'returns the names that include the run image, in any form: %s',
  (name) => {
    expect(runImageNames(plan(15), name)).toBe(SECOND)
  },
)

test('returns the first names if run.toml lacks the run image, or its name if an extension switched to it', () => {
  expect(runImageNames(plan(15), 'corp.example/mirror')).toBe(FIRST)
  expect(runImageNames(plan(15), 'other/run')).toEqual({ image: 'other/run', mirrors: [] })
})

test('returns the first names before Platform API 0.12, because stack.toml contains only these', () => {
  expect(runImageNames(plan(11), SECOND.image)).toBe(FIRST)
})

test('returns undefined without names', () => {
  expect(runImageNames(plan(15, []), 'other/run')).toBeUndefined()
})

test('compares an invalid reference literally', () => {
  const odd = { image: '!@#', mirrors: [] }
  expect(runImageNames(plan(15, [FIRST, odd]), '!@#')).toBe(odd)
})
