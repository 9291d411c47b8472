import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CnbError } from '../../../../src/base/errors.ts'
import { formatLayoutLocation, isLayoutLocation, parseLayoutLocation } from '../../../../src/images/oci-layout/layout-location.ts'
import { digestOf } from '../../../../src/oci/digest.ts'

const DIGEST = digestOf('')

test.each([
  ['oci:out', { directory: 'out' }],
  ['oci:/tmp/out/:1.0', { directory: '/tmp/out/', name: '1.0' }],
  ['oci:../a b:registry.example/team/app:1.0', { directory: '../a b', name: 'registry.example/team/app:1.0' }],
  [`oci:./out@${DIGEST}`, { directory: './out', digest: DIGEST }],
  ['oci:team@home', { directory: 'team@home' }],
])('parses and formats %s', (text, location) => {
  expect(parseLayoutLocation(text)).toEqual(location)
  expect(formatLayoutLocation(location)).toBe(text)
})

test.each(['out', 'oci:', 'oci::1.0', 'oci:out:', 'oci:out:a b', 'oci:out:-x', `oci:out:1.0@${DIGEST}`, 'oci:out@sha256:12', 'oci:a\0b', `oci:out:${'x'.repeat(513)}`])(
  'rejects %j',
  (text) => {
    expect(() => parseLayoutLocation(text)).toThrow(expect.objectContaining({ code: 'CNB_REFERENCE_INVALID' }))
  },
)

test('rejects any text, or formats its location as the same text', () => {
  const parts = fc.constantFrom('oci:', 'out', '/', ':', '@', DIGEST, 'sha256:', '1.0', '-', '..', '\0', ' ')
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.array(parts).map((all) => `oci:${all.join('')}`)), (text) => {
      try {
        expect(formatLayoutLocation(parseLayoutLocation(text))).toBe(text)
        expect(isLayoutLocation(text)).toBe(true)
      } catch (error) {
        if (!(error instanceof CnbError)) throw error
        expect(error.code).toBe('CNB_REFERENCE_INVALID')
      }
    }),
  )
})
