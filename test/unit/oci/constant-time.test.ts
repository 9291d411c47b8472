import { expect, test } from 'vitest'
import { CONSTANT_MTIME, CONSTANT_TIME } from '../../../src/oci/constant-time.ts'

test('is the same moment in seconds and in ISO 8601', () => {
  expect(CONSTANT_MTIME * 1000).toBe(Date.parse(CONSTANT_TIME))
})
