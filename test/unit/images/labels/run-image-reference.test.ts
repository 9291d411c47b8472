import { describe, expect, test } from 'vitest'
import { runImageReference } from '../../../../src/images/labels/run-image-reference.ts'

const HEX = 'a'.repeat(64)
const digest = (digit: string): string => `@sha256:${digit.repeat(64)}`

describe('runImageReference for a published image', () => {
  test.each([
    ['by the digest in its registry', 'r.example/run:1', [`r.example/run${digest('1')}`], `r.example/run${digest('1')}`],
    ['by the full name on Docker Hub', 'run', [`run${digest('1')}`], `index.docker.io/library/run${digest('1')}`],
    ['in its own repository, if there are several', 'r.example/run', [`a.example/run${digest('1')}`, `r.example/run${digest('2')}`], `r.example/run${digest('2')}`],
    ['by its own name after a pull from a mirror', 'my/run:1', [`other/thing${digest('1')}`, `mirror.example:5000/my/run${digest('2')}`], `index.docker.io/my/run${digest('2')}`],
    ['in its source repository, for a local name', 'local/name', [`r.example/run${digest('1')}`], `r.example/run${digest('1')}`],
    ['in its source repository, for an ID', HEX, [`r.example/run${digest('1')}`], `r.example/run${digest('1')}`],
    ['as empty, without a registry digest', 'local/run', [], ''],
  ])('returns the run image %s', (_, name, repoDigests, expected) => {
    expect(runImageReference(name, { id: `sha256:${HEX}`, repoDigests }, true)).toBe(expected)
  })

  test('returns the reference of an image from a registry unchanged', () => {
    for (const isPublished of [false, true]) {
      expect(runImageReference('r.example/run', { id: `r.example/run${digest('3')}`, repoDigests: [] }, isPublished)).toBe(`r.example/run${digest('3')}`)
    }
  })
})

test('returns the ID for an image on the engine', () => {
  expect(runImageReference('r.example/run', { id: `sha256:${HEX}`, repoDigests: [`r.example/run${digest('1')}`] }, false)).toBe(HEX)
})
