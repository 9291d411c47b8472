import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareVersions } from '../../../../src/buildpacks/registry/compare-versions.ts'

describe('compareVersions', () => {
  test('sorts versions as semver.org and pack do', () => {
    const sorted = ['not a version', '0.0.1', '0.1.0-alpha', '0.1.0-alpha.1', '0.1.0-alpha.beta', '0.1.0-beta.2', '0.1.0-beta.11', '0.1.0', '1', '1.0.1', '1.2', '1.10.0', '18446744073709551617.0.0']
    const shuffled = [...sorted].reverse()
    expect(shuffled.sort(compareVersions)).toEqual(sorted)
  })

  test.each([['1', '1.0.0'], ['1.2', '1.2.0'], ['1.0.0+a', '1.0.0+b'], ['x', '01.0.0'], ['', '1.0.0-01'], ['1.2.3.4', 'v1.2.3']])('treats %j and %j as equal', (a, b) => {
    expect(compareVersions(a, b)).toBe(0)
  })

  const version = fc.oneof(
    fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3), fc.constantFrom('', '-a', '-1', '-a.1', '-1.a', '+b')).map(([a, b, c, rest]) => `${a}.${b}.${c}${rest}`),
    fc.string({ maxLength: 5 }),
  )

  test('is a total order', () => {
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        expect(Math.sign(compareVersions(a, b)) + Math.sign(compareVersions(b, a))).toBe(0)
        if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0) expect(compareVersions(a, c)).toBeLessThanOrEqual(0)
      }),
    )
  })
})
