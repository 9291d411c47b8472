import { expect, test } from 'vitest'
import { formatPlatform, platformMatches } from '../../../src/oci/platform.ts'

const arm = { os: 'linux', architecture: 'arm64' }

test('is formatted like in docker', () => {
  expect(formatPlatform(arm)).toBe('linux/arm64')
  expect(formatPlatform({ ...arm, variant: 'v8' })).toBe('linux/arm64/v8')
  expect(formatPlatform({ os: 'linux', architecture: '' })).toBe('linux')
})

test.each([
  [{ ...arm, variant: 'v8' }, arm, true],
  [arm, { ...arm, variant: 'v8' }, true],
  [{ ...arm, variant: 'v7' }, { ...arm, variant: 'v8' }, false],
  [arm, { ...arm, architecture: 'amd64' }, false],
  [arm, { ...arm, os: 'windows' }, false],
])('compares %j with %j: %s', (actual, wanted, expected) => {
  expect(platformMatches(actual, wanted)).toBe(expected)
})
