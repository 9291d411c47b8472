import { describe, expect, test } from 'vitest'
import { runImageReference } from '../../../../src/images/labels/run-image-reference.ts'

const HEX = 'a'.repeat(64)
const digest = (digit: string): string => `@sha256:${digit.repeat(64)}`

describe('a published image refers to its run image', () => {
  test.each([
    ['as its registry does', 'r.example/run:1', [`r.example/run${digest('1')}`], `r.example/run${digest('1')}`],
    ["in Docker's own registry by the full name", 'run', [`run${digest('1')}`], `index.docker.io/library/run${digest('1')}`],
    ['in its own repository, of several', 'r.example/run', [`a.example/run${digest('1')}`, `r.example/run${digest('2')}`], `r.example/run${digest('2')}`],
    ['by its own name where a mirror gave it', 'my/run:1', [`other/thing${digest('1')}`, `mirror.example:5000/my/run${digest('2')}`], `index.docker.io/my/run${digest('2')}`],
    ['where it came from, when it was given another name', 'local/name', [`r.example/run${digest('1')}`], `r.example/run${digest('1')}`],
    ['where it came from, when it is named by its ID', HEX, [`r.example/run${digest('1')}`], `r.example/run${digest('1')}`],
    ['not at all, when no registry has it', 'local/run', [], ''],
  ])('%s', (_, name, repoDigests, expected) => {
    expect(runImageReference(name, { id: `sha256:${HEX}`, repoDigests }, true)).toBe(expected)
  })

  test('as the registry does that it was read in', () => {
    for (const isPublished of [false, true]) {
      expect(runImageReference('r.example/run', { id: `r.example/run${digest('3')}`, repoDigests: [] }, isPublished)).toBe(`r.example/run${digest('3')}`)
    }
  })
})

test('an image for the engine refers to its run image by its ID there', () => {
  expect(runImageReference('r.example/run', { id: `sha256:${HEX}`, repoDigests: [`r.example/run${digest('1')}`] }, false)).toBe(HEX)
})
