import fc from 'fast-check'
import { expect, test } from 'vitest'
import { judgeTrust } from '../../../../src/operations/build/build-trust.ts'
import { aBuilder, anImage } from '../../../support/plans.ts'

const EXTENSIONS = [{ group: [{ id: 'an/extension', version: '1' }] }]
const TRUSTED = ['trusted/builder']

test.each([
  ['some/builder', undefined, { builder: false, creator: false }],
  ['some/builder', true, { builder: true, creator: true }],
  ['trusted/builder', undefined, { builder: true, creator: true }],
  ['trusted/builder', false, { builder: false, creator: false }],
])('returns the trust in builder %s with --trust-builder %s: %j', (reference, asked, expected) => {
  const builder = aBuilder({ image: anImage({ reference }) })
  expect(judgeTrust({ asked, builder, trustedBuilders: TRUSTED, external: false })).toEqual(expected)
})

test('never runs an external buildpack or an image extension in creator', () => {
  fc.assert(
    fc.property(fc.boolean(), fc.boolean(), fc.option(fc.boolean(), { nil: undefined }), fc.constantFrom('some/builder', ...TRUSTED), (external, isExtended, asked, reference) => {
      const builder = aBuilder({ image: anImage({ reference }), orderExtensions: isExtended ? EXTENSIONS : [] })
      const trust = judgeTrust({ asked, builder, trustedBuilders: TRUSTED, external })
      expect(trust.creator).toBe(trust.builder && !external && !isExtended)
    }),
  )
})
