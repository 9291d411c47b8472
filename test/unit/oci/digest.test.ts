import { expect, test } from 'vitest'
import { digestOf, hexOf, isDigest } from '../../../src/oci/digest.ts'

const EMPTY = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

test('computes and accepts the well-known digest of no bytes', () => {
  expect(digestOf('')).toBe(EMPTY)
  expect(isDigest(EMPTY)).toBe(true)
  expect(`sha256:${hexOf(EMPTY)}`).toBe(EMPTY)
})

test.each([EMPTY.toUpperCase(), `${EMPTY}0`, EMPTY.slice(0, -1), EMPTY.slice(7), `${EMPTY}\n`, `sha512:${EMPTY.slice(7)}`])('rejects the digest %j', (text) => {
  expect(isDigest(text)).toBe(false)
})
