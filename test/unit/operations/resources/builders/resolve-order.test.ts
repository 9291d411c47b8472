import { expect, test } from 'vitest'
import { resolveOrder } from '../../../../../src/operations/resources/builders/resolve-order.ts'
import type { BuildpackStatus } from '../../../../../src/resources/kinds/parts.ts'

const storeOf = (...buildpacks: BuildpackStatus[]) => ({
  store: { apiVersion: 'kpack.io/v1alpha2', kind: 'ClusterStore', metadata: { name: 's' }, spec: { sources: [], serviceAccountRef: { name: 'sa', namespace: 'ns' } }, status: { buildpacks } },
})
const newestOf = (...versions: string[]) => resolveOrder([{ group: [{ id: 'a' }] }], storeOf(...versions.map((version) => ({ id: 'a', version })))).order[0]!.group[0]!.version

// Expected order: github.com/Masterminds/semver/v3 3.4.0.
test.each([
  [['1.9.0', '1.10.0'], '1.10.0'],
  [['1', 'v2', '1.5'], 'v2'],
  [['2.0.0-rc.1', '2.0.0-rc.10', '2.0.0-rc.9'], '2.0.0-rc.10'],
  [['2.0.0', '2.0.0-rc.1'], '2.0.0'],
  [['1.0.0+a', '1.0.0+b'], '1.0.0+b'],
  [['01.2.3', '1.2.2'], '01.2.3'],
  [['1-rc', '0.9'], '1-rc'],
  [['18446744073709551615.0.0', '9007199254740993.0.0'], '18446744073709551615.0.0'],
])('chooses the newest of %j', (versions, expected) => {
  expect(newestOf(...versions)).toBe(expected)
})

test.each(['latest', '', '1.2.3.4', '1.0.0-01', '1..2', ' 1', '-1'])("cannot compare the version '%s'", (version) => {
  expect(() => newestOf('1.0.0', version)).toThrow(`cannot find buildpack 'a' with latest version due to invalid semver '${version}'`)
})

test('rejects a buildpack in its own order, however deep', () => {
  const inner = (id: string, of: string): BuildpackStatus => ({ id, version: '1', order: [{ group: [{ id: of, version: '1' }] }] })
  const resources = storeOf(inner('a', 'b'), inner('b', 'c'), inner('c', 'a'))
  expect(() => resolveOrder([{ group: [{ id: 'a' }] }], resources)).toThrow("buildpack 'a@1' is in its own order")
})

test('lists each buildpack of widely nested orders once', () => {
  const levels = Array.from({ length: 40 }, (_, level): BuildpackStatus => ({
    id: `l${level}`, version: '1', ...(level < 39 ? { order: [{ group: [{ id: `l${level + 1}`, version: '1' }, { id: `l${level + 1}`, version: '1', optional: true }] }] } : {}),
  }))
  const { buildpacks } = resolveOrder([{ group: [{ id: 'l0' }] }], storeOf(...levels))
  expect(buildpacks).toHaveLength(40)
  expect(buildpacks[0]).toMatchObject({ account: { name: 'sa', namespace: 'ns' } })
})
