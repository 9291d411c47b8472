import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { builtAppLayers } from '../../../../../src/lifecycle/native/app/known-layers.ts'
import type { SliceLayer } from '../../../../../src/lifecycle/native/layers/slice-layers.ts'
import type { CacheRecord, KnownApp } from '../../../../../src/lifecycle/native/model.ts'
import type { BuiltApp, FinishedBuild } from '../../../../../src/lifecycle/native/run/builder-run.ts'
import { digestOf } from '../../../../../src/oci/digest.ts'
import { aPlan } from '../../../../support/plans.ts'

const app: BuiltApp = { status: 's', time: 5, sent: 'sent', left: 'left', tree: undefined }
const recorded: KnownApp = {
  status: 'old', time: 1, sent: 'old', left: 'left', directory: '/workspace', slices: '[]', layers: [{ diffId: digestOf('app'), size: 3, createdBy: 'App' }],
}

/** Makes the layers, and counts how often the app is read. */
async function make(found: BuiltApp | undefined, known: KnownApp | undefined, slices: readonly { paths: string[] }[] = []) {
  let reads = 0
  const read: SliceLayer = { createdBy: 'Read', layer: { diffId: digestOf('read'), size: 4, open: async () => Readable.from([Buffer.from('content')]) } }
  const factory = { sliceLayers: async () => (reads++, [read]) }
  const record = known && ({ app: known } as CacheRecord)
  const made = await builtAppLayers({ plan: aPlan(), built: { app: found } as FinishedBuild, record, factory }, slices, {})
  return { made, reads: () => reads }
}

test('reads files with the recorded looks only if the layer is opened', async () => {
  const { made, reads } = await make(app, recorded)
  expect(made.layers).toMatchObject([{ createdBy: 'App', layer: { diffId: digestOf('app'), size: 3 } }])
  expect(made.known).toEqual({ ...recorded, status: 's', time: 5, sent: 'sent' })
  expect(reads()).toBe(0)
  for (let time = 0; time < 2; time++) expect((await buffer(await made.layers[0]!.layer.open())).toString()).toBe('content')
  expect(reads()).toBe(1)
})

test.each([
  ['with other looks', { ...app, left: 'other' }, recorded, []],
  ['for another directory', app, { ...recorded, directory: '/app' }, []],
  ['for other slices', app, recorded, [{ paths: ['*'] }]],
  ['without a record', app, undefined, []],
])('reads files %s, and records them', async (_, found, known, slices) => {
  const { made, reads } = await make(found, known, slices)
  expect(reads()).toBe(1)
  expect(made.layers).toMatchObject([{ createdBy: 'Read' }])
  expect(made.known).toEqual({
    status: 's', time: 5, sent: 'sent', left: found.left, directory: '/workspace', slices: JSON.stringify(slices),
    layers: [{ diffId: digestOf('read'), size: 4, createdBy: 'Read' }],
  })
})

test('does not record an app with files that the next build cannot compare', async () => {
  expect((await make(undefined, recorded)).made.known).toBeUndefined()
})
