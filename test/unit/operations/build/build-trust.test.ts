import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { CnbEvent } from '../../../../src/base/events.ts'
import { findPhaseImage, judgeTrust, type PhaseImageInput } from '../../../../src/operations/build/build-trust.ts'
import { FakeEngine } from '../../../support/fakes/fake-engine.ts'
import { loadFakeImage } from '../../../support/fakes/fake-image.ts'
import { containing } from '../../../support/matching.ts'
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

describe('findPhaseImage', () => {
  const APIS = JSON.stringify({ buildpack: { supported: ['0.11'] }, platform: { deprecated: ['0.12'], supported: ['0.13', '0.14'] } })
  const INPUT = { option: 'acme/lifecycle', configured: undefined, isStock: true, creator: false, platformApi: { major: 0, minor: 14 }, policy: 'never' } as const satisfies PhaseImageInput

  async function find(input: Partial<PhaseImageInput>, labels: Record<string, string> = { 'io.buildpacks.lifecycle.version': '0.21.0', 'io.buildpacks.lifecycle.apis': APIS }) {
    const engine = new FakeEngine()
    const id = await loadFakeImage(engine, 'acme/lifecycle', { Labels: labels })
    const said: string[] = []
    const events = (event: CnbEvent): void => void (event.type === 'info' || event.type === 'decision' ? said.push(event.type === 'info' ? event.message : event.reason) : 0)
    const found = await findPhaseImage({ ...INPUT, ...input }, { engine, credentials: async () => undefined, mirrors: {} }, { events })
    return { isFound: found === id, found, said: said.at(-1) }
  }

  test('returns the image of the option, or else of the configuration file', async () => {
    expect(await find({})).toMatchObject({ isFound: true, said: '--lifecycle-image names it for the phases that run no buildpacks' })
    const configured = { option: undefined, configured: 'acme/lifecycle' }
    expect(await find({ ...configured, platformApi: { major: 0, minor: 12 } })).toMatchObject({ isFound: true, said: 'the configuration file names it for the phases that run no buildpacks' })
  })

  test('reports an option without an effect, but not the configuration file', async () => {
    expect(await find({ isStock: false })).toMatchObject({ found: undefined, said: '--lifecycle-image has no effect: the native lifecycle needs no image' })
    expect(await find({ creator: true })).toMatchObject({ found: undefined, said: '--lifecycle-image has no effect: a trusted builder runs all phases' })
    expect(await find({ isStock: false, option: undefined, configured: 'acme/lifecycle' })).toMatchObject({ found: undefined, said: undefined })
    expect(await find({ option: undefined })).toMatchObject({ found: undefined, said: undefined })
  })

  test('refuses an image without labels, of another Platform API, and a missing one', async () => {
    await expect(find({}, {})).rejects.toMatchObject({ code: 'CNB_LIFECYCLE_INVALID', message: containing('has no label with the version and APIs') })
    await expect(find({ platformApi: { major: 0, minor: 15 } })).rejects.toMatchObject({ code: 'CNB_PLATFORM_API', message: containing('does not support Platform API 0.15') })
    await expect(find({ option: 'acme/none' })).rejects.toMatchObject({ code: 'CNB_IMAGE_NOT_FOUND' })
  })
})
