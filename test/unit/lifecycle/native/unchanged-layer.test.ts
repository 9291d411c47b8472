import { expect, test } from 'vitest'
import { unchangedLayer } from '../../../../src/lifecycle/native/export-build.ts'
import type { CachedLayer, CacheRecord } from '../../../../src/lifecycle/native/model.ts'
import type { FinishedBuild } from '../../../../src/lifecycle/native/run/builder-run.ts'
import { digestOf } from '../../../../src/oci/digest.ts'
import { aPlan } from '../../../support/plans.ts'
import { directory } from './export/inputs.ts'

const FINGERPRINT = 'f'.repeat(64)
const CACHED: CachedLayer = { sha: digestOf('tar'), data: null, build: false, launch: true, cache: true, fingerprint: FINGERPRINT }

const recordOf = (layers: Record<string, CachedLayer>): CacheRecord =>
  ({ version: 2, sources: [], uid: 1001, gid: 1000, buildpacks: [{ id: 'bp', version: '1', layers }], sbom: {} })

/** A build after which the directory of `bp:l` has this fingerprint. */
function builtWith(fingerprint: string | undefined, mode = 0o755, restored: Record<string, string> = {}): FinishedBuild {
  const fingerprints = new Map(fingerprint === undefined ? [] : [['bp/l', fingerprint]])
  return { tree: new Map([['', directory()], ['bp', directory({ mode })]]), fingerprints, restored: new Map(Object.entries(restored)) } as unknown as FinishedBuild
}

const ask = (record: CacheRecord | undefined, built: FinishedBuild) => unchangedLayer({ record, built, plan: aPlan() }, 'bp', 'l')

test('returns the recorded layer if the fingerprint is that of the last build', () => {
  expect(ask(recordOf({ l: CACHED }), builtWith(FINGERPRINT))).toEqual({ unchanged: CACHED, reason: 'its files are unchanged since the last build' })
})

test('returns a layer with the fingerprint that it had when it was restored', () => {
  const unchanged = { ...CACHED, fingerprint: '' }
  expect(ask(recordOf({ l: unchanged }), builtWith(FINGERPRINT, 0o755, { 'bp/l': FINGERPRINT }))).toEqual({ unchanged, reason: 'its files are unchanged since they were restored' })
})

test('reads only the one fingerprint of a build with many layers', () => {
  const built = builtWith(FINGERPRINT)
  const all = (): never => {
    throw new Error('all fingerprints are read')
  }
  Object.assign(built.fingerprints, { [Symbol.iterator]: all, entries: all, forEach: all })
  expect(ask(recordOf({ l: CACHED }), built).unchanged).toBe(CACHED)
})

test.each<[string, CacheRecord | undefined, FinishedBuild]>([
  ['its files have changed since they were restored', recordOf({ l: { ...CACHED, fingerprint: '' } }), builtWith('0'.repeat(64), 0o755, { 'bp/l': FINGERPRINT })],
  ['its files have changed since they were restored', recordOf({ l: CACHED }), builtWith(FINGERPRINT, 0o755, { 'bp/l': '0'.repeat(64) })],
  ['its files have changed since the last build', recordOf({ l: { ...CACHED, fingerprint: '' } }), builtWith(FINGERPRINT)],
  ['no record of an earlier build is used', undefined, builtWith(FINGERPRINT)],
  ['the last build did not cache it', recordOf({}), builtWith(FINGERPRINT)],
  ['no fingerprint of its files could be taken', recordOf({ l: CACHED }), builtWith(undefined)],
  ['no fingerprint of its files could be taken', recordOf({ l: CACHED }), builtWith(FINGERPRINT, 0o777)],
  ['it was not in the image of the last build, so its digest is not recorded', recordOf({ l: { ...CACHED, sha: `sha256:${FINGERPRINT}` } }), builtWith(FINGERPRINT)],
  ['its files have changed since the last build', recordOf({ l: CACHED }), builtWith('0'.repeat(64))],
])('requires reading the layer, because %s', (reason, record, built) => {
  expect(ask(record, built)).toEqual({ reason })
})
