import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseTarget, withOneDistro } from '../../../src/buildpacks/parse-target.ts'

describe('parseTarget', () => {
  test.each([
    ['linux', { os: 'linux' }],
    ['linux/amd64', { os: 'linux', arch: 'amd64' }],
    ['linux/arm/v6', { os: 'linux', arch: 'arm', variant: 'v6' }],
    ['linux/amd64:ubuntu@22.04', { os: 'linux', arch: 'amd64', distros: [{ name: 'ubuntu', version: '22.04' }] }],
    ['linux/arm/v6:ubuntu@22.04;debian', { os: 'linux', arch: 'arm', variant: 'v6', distros: [{ name: 'ubuntu', version: '22.04' }, { name: 'debian' }] }],
  ])('reads %s', (text, target) => {
    expect(parseTarget(text)).toEqual(target)
  })

  test.each([
    ['', 'one of its parts is empty'],
    ['linux/', 'one of its parts is empty'],
    ['linux/amd64/v1/x', 'it has too many parts'],
    ['linux/amd64:a@1:b@2', 'it has too many parts'],
    ['Linux/amd64', "'Linux' is not part of a platform"],
    ['linux/..', "'..' is not part of a platform"],
    ['linux/amd64:', "'' is not a distribution"],
    ['linux/amd64:ubuntu@1@2', "'ubuntu@1@2' is not a distribution"],
    ['linux/amd64:@1', "'@1' is not a distribution"],
    ['linux/amd64:../x@1', "'../x@1' is not a distribution"],
  ])('rejects %j', (text, why) => {
    expect(() => parseTarget(text, '--targets')).toThrow(`invalid --targets '${text}': ${why}`)
  })

  test('rejects Windows', () => {
    expect(() => parseTarget('windows/amd64')).toThrow(expect.objectContaining({ code: 'CNB_UNSUPPORTED' }))
  })

  test('returns no part that is a path, for any text', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-z0-9/.:;@]*$/)), (text) => {
      try {
        const { os, arch, variant, distros = [] } = parseTarget(text)
        const parts = [os, arch, variant, ...distros.map(({ name, version }) => `${name}@${version}`)].filter((part) => part !== undefined)
        expect(parts.every((part) => /^[A-Za-z0-9][^/]*$/.test(part))).toBe(true)
      } catch (error) {
        expect(['CNB_USAGE', 'CNB_UNSUPPORTED']).toContain((error as { code?: string }).code)
      }
    }))
  })
})

test('returns a target for each distribution', () => {
  const [a, b] = [{ name: 'ubuntu', version: '22.04' }, { name: 'debian', version: '12' }]
  expect(withOneDistro([{ os: 'linux', distros: [a, b] }, { os: 'linux', arch: 'arm64' }])).toEqual([
    { os: 'linux', distros: [a] },
    { os: 'linux', distros: [b] },
    { os: 'linux', arch: 'arm64' },
  ])
})
