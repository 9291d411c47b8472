import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatApiVersion } from '../../../src/formats/versions.ts'
import { PLATFORM_APIS } from '../../../src/formats/api-features.ts'
import { negotiatePlatformApi } from '../../../src/lifecycle/platform-api.ts'
import { aBuilder } from '../../support/plans.ts'

const [OLDEST] = PLATFORM_APIS
const NEWEST = PLATFORM_APIS.at(-1)!
const NEXT = `0.${Number(NEWEST.slice(2)) + 1}`

const builderWith = (supported: string[], deprecated: string[] = []) =>
  aBuilder({ lifecycle: { version: '1', buildpackApis: { supported: [], deprecated: [] }, platformApis: { supported, deprecated } } })

const negotiated = (supported: string[], deprecated: string[] = []) =>
  formatApiVersion(negotiatePlatformApi(builderWith(supported, deprecated)))

test('chooses the newest common version, comparing numbers and not text', () => {
  expect(negotiated(['0.7', '0.8', '0.9', '0.10', '0.11'])).toBe('0.11')
  expect(negotiated(['0.12', NEWEST, NEXT, '1.0'])).toBe(NEWEST)
})

test('chooses a deprecated version without a common supported one', () => {
  expect(negotiated(['0.99'], [OLDEST])).toBe(OLDEST)
})

test('rejects a builder with only older or unknown versions, with exit code 11 and both lists', () => {
  for (const supported of [['0.3', '0.6'], [NEXT], ['banana'], []]) {
    expect(() => negotiated(supported)).toThrow(expect.objectContaining({ code: 'CNB_PLATFORM_API', exit: 11 }))
  }
  expect(() => negotiated(['0.3'])).toThrow(`supports Platform API 0.3, but cnb supports ${OLDEST} to ${NEWEST}`)
})

test('returns the newest version of both lists, for any list', () => {
  const version = fc.integer({ min: 0, max: PLATFORM_APIS.length + 10 }).map((minor) => `0.${minor}`)
  fc.assert(
    fc.property(fc.array(version), fc.array(version), (supported, deprecated) => {
      const common = [...supported, ...deprecated].filter((text) => PLATFORM_APIS.some((known) => known === text))
      if (common.length === 0) {
        expect(() => negotiated(supported, deprecated)).toThrow()
      } else {
        const newest = Math.max(...common.map((text) => Number(text.slice(2))))
        expect(negotiated(supported, deprecated)).toBe(`0.${newest}`)
      }
    }),
  )
})
