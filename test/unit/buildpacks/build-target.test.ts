import { describe, expect, test } from 'vitest'
import { formatTarget, targetMatches, targetsOf } from '../../../src/buildpacks/build-target.ts'
import type { BuildpackDescriptor } from '../../../src/buildpacks/buildpack-descriptor.ts'

const descriptor = (parts: Partial<BuildpackDescriptor>): BuildpackDescriptor => ({
  kind: 'buildpack', api: '0.11', info: { id: 'a', version: '1' }, stacks: [], targets: [], order: [], ...parts,
})

describe('targetsOf', () => {
  test.each([
    ['its own', descriptor({ targets: [{ os: 'linux', arch: 'arm64' }], stacks: [{ id: '*' }] }), [{ os: 'linux', arch: 'arm64' }]],
    ['any for the stack *', descriptor({ stacks: [{ id: '*' }] }), [{}]],
    ['Ubuntu 18.04 for bionic', descriptor({ stacks: [{ id: 'io.buildpacks.stacks.bionic' }] }), [{ os: 'linux', arch: 'amd64', distros: [{ name: 'ubuntu', version: '18.04' }] }]],
    ['any Linux for another stack', descriptor({ stacks: [{ id: 'acme' }] }), [{ os: 'linux' }]],
    ['any Linux for nothing', descriptor({}), [{ os: 'linux' }]],
    ['any for a composite buildpack', descriptor({ order: [{ group: [{ id: 'b' }] }] }), [{}]],
  ])('returns targets of %s', (_, from, targets) => {
    expect(targetsOf(from)).toEqual(targets)
  })
})

describe('targetMatches', () => {
  const debian = { os: 'linux', architecture: 'amd64', distro: { name: 'debian', version: '12' } }

  test.each([
    [{}, true],
    [{ os: 'linux' }, true],
    [{ os: 'windows' }, false],
    [{ os: 'linux', arch: 'arm64' }, false],
    [{ os: 'linux', arch: 'amd64', variant: 'v3' }, true],
    [{ distros: [{ name: 'ubuntu' }, { name: 'debian' }] }, true],
    [{ distros: [{ name: 'debian', version: '11' }] }, false],
    [{ distros: [{ name: 'ubuntu', version: '12' }] }, false],
  ])('matches %j on Debian 12 amd64: %s', (target, fits) => {
    expect(targetMatches(target, debian)).toBe(fits)
  })

  test('matches any target for an image without a distribution', () => {
    expect(targetMatches({ distros: [{ name: 'ubuntu' }] }, { os: 'linux', architecture: 'amd64' })).toBe(true)
  })
})

test('formats open parts of a target as any', () => {
  expect(formatTarget({ arch: 'arm64', variant: 'v8', distros: [{ name: 'ubuntu', version: '24.04' }] })).toBe('any/arm64/v8 (ubuntu 24.04)')
})
