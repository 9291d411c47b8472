import { expect, test } from 'vitest'
import { CnbError } from '../../../../src/base/errors.ts'
import type { CnbEvent } from '../../../../src/base/events.ts'
import type { Layer } from '../../../../src/images/image.ts'
import type { SharedCache } from '../../../../src/lifecycle/native/cache/shared-cache.ts'
import type { BuiltLayer } from '../../../../src/lifecycle/native/model.ts'
import type { FinishedBuild } from '../../../../src/lifecycle/native/run/builder-run.ts'
import { type CacheRecordInput, saveCacheRecord } from '../../../../src/lifecycle/native/save-cache-record.ts'
import { digestOf } from '../../../../src/oci/digest.ts'
import { aPlan } from '../../../support/plans.ts'
import { directory } from './export/inputs.ts'

const LOOKS = 'f'.repeat(64)
const layer = (name: string, more: Partial<BuiltLayer> = {}): BuiltLayer =>
  ({ name, data: null, build: true, launch: false, cache: true, hasContents: true, ...more })

/** Saves layers, of which only `seen` has a fingerprint, and returns their names in the record, and the events. */
async function save(layers: readonly BuiltLayer[], more: Partial<CacheRecordInput> = {}, bp = directory()) {
  const events: CnbEvent[] = []
  const tree = new Map([['', directory()], ['bp', bp]])
  const built = { tree, fingerprints: new Map([['bp/seen', LOOKS]]) } as unknown as FinishedBuild
  const exported = { layerShas: new Map(), sbom: {}, tree } as unknown as CacheRecordInput['exported']
  const buildpacks = [{ buildpack: { id: 'bp', version: '1' }, store: undefined, layers }] as unknown as CacheRecordInput['buildpacks']
  const layerOf = async (): Promise<Layer> => ({ diffId: digestOf('tar') }) as Layer
  const left: CacheRecordInput = { plan: aPlan(), built, buildpacks, exported, launcher: undefined, app: undefined, layerOf, shared: undefined, ...more }
  const record = await saveCacheRecord(left, { events: (event) => events.push(event) })
  return { kept: Object.keys(record.buildpacks[0]?.layers ?? {}), events }
}

const sharedWith = (fill: SharedCache['fill']): SharedCache => ({ place: 'the place', fill }) as SharedCache

test('does not keep a layer that the next build could not verify', async () => {
  const { kept, events } = await save([layer('seen'), layer('unseen')])
  expect(kept).toEqual(['seen'])
  expect(events).toMatchObject([
    { type: 'decision', subject: { kind: 'cached layer', name: 'bp:seen' }, outcome: 'kept' },
    { type: 'decision', subject: { kind: 'cached layer', name: 'bp:unseen' }, outcome: 'not kept' },
  ])
  expect((await save([layer('seen')], {}, { ...directory(), type: 'symlink' as never })).kept).toEqual([])
})

test("fills the user's cache with cached layers only", async () => {
  const read: string[] = []
  const layerOf = async (_id: string, name: string): Promise<Layer> => (read.push(name), { diffId: digestOf(name) } as Layer)
  const layers = [layer('seen'), layer('unseen'), layer('other', { cache: false }), layer('empty', { hasContents: false }), layer('bad', { malformed: 'it' })]
  expect((await save(layers, { layerOf, shared: sharedWith(async () => {}) })).kept).toEqual(['seen', 'unseen'])
  expect(read).toEqual(['seen', 'unseen'])
})

test("warns of a layer that cannot be in the user's cache, and keeps the others", async () => {
  const layerOf = async (_id: string, name: string): Promise<Layer> => {
    if (name === 'odd') throw new CnbError('CNB_EXPORT_FAILED', 'it has a socket')
    return { diffId: digestOf(name) } as Layer
  }
  const { kept, events } = await save([layer('odd'), layer('seen')], { layerOf, shared: sharedWith(async () => {}) })
  expect(kept).toEqual(['seen'])
  expect(events).toMatchObject([
    { type: 'warning', message: "cannot cache layer 'bp:odd': it has a socket" },
    { type: 'decision', subject: { kind: 'cached layer', name: 'bp:odd' }, outcome: 'not kept', reason: 'it has a socket' },
    { type: 'decision', subject: { kind: 'cached layer', name: 'bp:seen' }, outcome: 'kept' },
  ])
  const lost = new CnbError('CNB_ENGINE_FAILED', 'the engine ended')
  const fails = async (): Promise<Layer> => { throw lost }
  expect((await save([layer('seen')], { layerOf: fails, shared: sharedWith(async () => {}) })).events).toMatchObject([{ type: 'warning' }, { outcome: 'kept' }])
})

test("keeps the volume's layers if the user's cache cannot be written, but hides no defect", async () => {
  const refused = sharedWith(async () => { throw new CnbError('CNB_OUTPUT', 'the disk is full') })
  const { kept, events } = await save([layer('seen'), layer('unseen')], { shared: refused })
  expect(kept).toEqual(['seen'])
  expect(events).toContainEqual({ type: 'warning', message: 'the image is built, but the cache in the place is unchanged: the disk is full' })
  const defect = sharedWith(async () => { throw new TypeError('defect') })
  await expect(save([layer('seen')], { shared: defect })).rejects.toThrow(TypeError)
})
