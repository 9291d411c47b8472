import fc from 'fast-check'
import { expect, test } from 'vitest'
import { codeSources } from '../../../../../src/lifecycle/native/cache/code-sources.ts'
import { makeRecord, readRecord, writeRecord } from '../../../../../src/lifecycle/native/cache/record.ts'
import type { BuiltLayer, CacheRecord } from '../../../../../src/lifecycle/native/model.ts'
import { digestOf } from '../../../../../src/oci/digest.ts'
import { aPlan } from '../../../../support/plans.ts'

const sha = digestOf('x')
const layer = (name: string, changes: Partial<BuiltLayer> = {}): BuiltLayer => ({
  name, build: false, launch: false, cache: true, data: undefined, hasContents: true, ...changes,
})
const built = (...layers: BuiltLayer[]) => [{ buildpack: { id: 'some/bp', version: '1', api: '0.10' }, store: undefined, layers }]
const plan = aPlan()
const sources = codeSources(plan)
const contents = () => ({ sha, fingerprint: 'f'.repeat(64) })

const record: CacheRecord = makeRecord({
  plan,
  buildpacks: built(layer('l', { launch: true, data: { n: 9007199254740993n, f: 2, i: 2n, list: [-0, 0n], text: '<&>' } }), layer('__proto__')),
  contents,
  sbom: { launch: { sha, files: new Map([['bp/l/sbom.cdx.json', Buffer.from([0, 255])]]) } },
  launcher: { builder: 'sha256:b', diffId: sha, size: 5, version: '0.21.0' },
  app: { status: 's', time: 1, sent: 'a', left: 'b', directory: '/workspace', slices: '[]', layers: [{ diffId: sha, size: 5, createdBy: 'App' }] },
})

test('reads a record as it was written', () => {
  expect(readRecord(writeRecord(record))).toEqual(record)
  expect(record.buildpacks[0]?.layers['l']).toEqual({
    sha, fingerprint: 'f'.repeat(64), data: { n: 9007199254740993n, f: 2, i: 2n, list: [-0, 0n], text: '<&>' }, build: false, launch: true, cache: true,
  })
})

test('records only layers that can be restored', () => {
  const { buildpacks } = makeRecord({
    plan,
    buildpacks: built(
      layer('only-launch', { cache: false, launch: true }), layer('empty', { hasContents: false }), layer('bad', { malformed: 'x' }), layer('unread'), layer('ok'),
    ),
    contents: (_id, { name }) => (name === 'unread' ? undefined : contents()),
    sbom: {},
  })
  expect(buildpacks).toEqual([{ id: 'some/bp', version: '1', layers: { ok: expect.anything() } }])
})

test('rejects a record with any byte missing or changed', () => {
  const text = writeRecord(record)
  fc.assert(
    fc.property(fc.nat(text.length - 1), fc.string({ maxLength: 3 }), (at, inserted) => {
      expect(readRecord(text.slice(0, at))).toBeUndefined()
      const changed = text.slice(0, at) + inserted + text.slice(at + 1)
      if (changed !== text) expect(readRecord(changed)).toBeUndefined()
    }),
  )
})

const sealed = (value: unknown): string => `${digestOf(JSON.stringify(value))}\n${JSON.stringify(value)}`
const plain = {
  version: 2, sources, uid: 1, gid: 1, sbom: {},
  buildpacks: [{ id: 'bp', version: '1', layers: { l: { sha, data: null, build: false, launch: false, cache: true, fingerprint: 'f' } } }],
}
const withLayer = (changes: object, name = 'l'): object => ({ ...plain, buildpacks: [{ id: 'bp', version: '1', layers: { [name]: { ...plain.buildpacks[0]!.layers.l, ...changes } } }] })

test('accepts the record that the next test changes', () => {
  expect(readRecord(sealed(plain))).toEqual(plain)
})

test.each<[string, unknown]>([
  ['an earlier format', { ...plain, version: 1, sources: undefined }],
  ['another version', { ...plain, version: 3 }],
  ['no source of the code', { ...plain, sources: [] }],
  ['a source without a place', { ...plain, sources: [{ name: 'x', content: 'y' }] }],
  ['an unknown key', { ...plain, more: 1 }],
  ['no user', { ...plain, uid: undefined }],
  ['a user that is not a number', { ...plain, uid: '1' }],
  ['a list', []],
  ['null', null],
  ['an id that leads elsewhere', { ...plain, buildpacks: [{ id: '..', version: '1', layers: {} }] }],
  ['a layer name that leads elsewhere', withLayer({}, '../x')],
  ['an invalid sha', withLayer({ sha: 'sha256:1' })],
  ['a layer that is not cached', withLayer({ cache: false })],
  ['a layer without a type', withLayer({ launch: undefined })],
  ['a fingerprint of two lines', withLayer({ fingerprint: 'a\nb' })],
  ['an SBOM without a sha', { ...plain, sbom: { launch: { files: {} } } }],
  ['an SBOM file that is not text', { ...plain, sbom: { launch: { sha, files: { a: 1 } } } }],
  ['a launcher with an invalid size', { ...plain, launcher: { builder: 'b', diffId: sha, size: -1 } }],
])('rejects a record with %s', (_what, value) => {
  expect(readRecord(sealed(value))).toBeUndefined()
})
