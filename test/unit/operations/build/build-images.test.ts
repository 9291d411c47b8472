import { describe, expect, test } from 'vitest'
import { runImagesFor } from '../../../../src/operations/build/build-images.ts'

const FIRST = { image: 'first/run', mirrors: ['r.example/first'] }
const SECOND = { image: 'second/run:1', mirrors: [] }
const builder = { runImages: [FIRST, SECOND] }
const config = {
  runImages: [
    { image: 'docker.io/first/run', mirrors: ['corp.example/first'] },
    { image: 'second/run:1', mirrors: ['corp.example/second:1'] },
    { image: 'other/run:3', mirrors: ['corp.example/other:3'] },
  ],
}
const digest = `@sha256:${'a'.repeat(64)}`

describe('runImagesFor', () => {
  test.each([
    ["the builder's own", 'first/run', [FIRST, SECOND]],
    ["the builder's own by its full name", 'docker.io/first/run:latest', [FIRST, SECOND]],
    ["a mirror that the builder lists", 'r.example/first:latest', [FIRST, SECOND]],
    ["the user's mirror of the builder's own", 'corp.example/first:latest', [FIRST, SECOND]],
    ["the builder's second, which comes first", 'second/run:1', [SECOND, FIRST]],
    ["the user's mirror of the builder's second, which comes first", 'corp.example/second:1', [SECOND, FIRST]],
    ['another tag, alone', 'first/run:2', [{ image: 'first/run:2', mirrors: [] }]],
    ['another image, alone', 'my/run:1', [{ image: 'my/run:1', mirrors: [] }]],
    ["the user's mirror of another image, under the mirrored name", 'corp.example/other:3', [{ image: 'other/run:3', mirrors: [] }]],
    ["a digest of the builder's own", `first/run${digest}`, [{ image: `first/run${digest}`, mirrors: [] }]],
    ["a digest of the user's mirror", `corp.example/first${digest}`, [{ image: `first/run${digest}`, mirrors: [] }]],
  ])('returns the run images for %s: %s', (_, name, expected) => {
    expect(runImagesFor({ name }, builder, config)).toEqual(expected)
  })

  test('ignores an invalid reference of the builder', () => {
    const odd = { image: 'NOT A NAME', mirrors: [] }
    expect(runImagesFor({ name: 'second/run:1' }, { runImages: [odd, SECOND] }, config)).toEqual([SECOND, odd])
  })
})
