import { randomBytes } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { beforeEach, expect, test } from 'vitest'
import { packTar } from '../../../../../src/archive/tar/tar-writer.ts'
import { openStateVolume } from '../../../../../src/lifecycle/native/cache/state-volume.ts'
import { makeRecord } from '../../../../../src/lifecycle/native/cache/record.ts'
import { digestOf } from '../../../../../src/oci/digest.ts'
import { FakeEngine } from '../../../../support/fakes/fake-engine.ts'
import { loadFakeImage } from '../../../../support/fakes/fake-image.ts'
import { aBuilder, anImage, aPlan } from '../../../../support/plans.ts'

let engine: FakeEngine
let plan: ReturnType<typeof aPlan>
const record = makeRecord({ plan: aPlan(), buildpacks: [], contents: () => undefined, sbom: {} })

beforeEach(async () => {
  engine = new FakeEngine()
  const id = await loadFakeImage(engine, 'builder')
  plan = aPlan({
    builder: aBuilder({ image: anImage({ id }) }),
    cacheVolumes: { build: 'the.build', launch: 'the.launch', layers: 'the.layers', record: 'the.record', state: 'the.state', kaniko: 'the.kaniko', app: 'the.app', inputs: 'the.inputs' },
  })
})

test('reads the record of an earlier build', async () => {
  {
    await using vault = openStateVolume(engine, plan, 'owner', {})
    expect(await vault.readRecord({})).toBeUndefined()
    await vault.writeRecord(record, {})
  }
  await using vault = openStateVolume(engine, plan, 'owner', {})
  expect(await vault.readRecord({})).toEqual(record)
})

test('does not write an unchanged record', async () => {
  {
    await using vault = openStateVolume(engine, plan, 'owner', {})
    await vault.writeRecord(record, {})
  }
  await using vault = openStateVolume(engine, plan, 'owner', {})
  await vault.readRecord({})
  await engine.volumes.remove('the.record')
  await vault.writeRecord(record, {})
  expect(await engine.volumes.exists('the.record')).toBe(false)
  await vault.writeRecord({ ...record, uid: 5 }, {})
  expect(await vault.readRecord({})).toMatchObject({ uid: 5 })
})

test('needs no container for a record that fits into a label', async () => {
  {
    await using vault = openStateVolume(engine, plan, 'owner', {})
    await vault.writeRecord(record, {})
    await vault.readRecord({})
  }
  expect(engine.created).toEqual([])
  expect(await engine.volumes.labels('the.record')).toMatchObject({ 'dev.cnb.cache': 'true' })
})

test('replaces the record of a build that writes at the same time, but not forever', async () => {
  const create = engine.volumes.create.bind(engine.volumes)
  let others = 2
  const volumes = {
    ...engine.volumes,
    create: async (...[name, labels, context]: Parameters<typeof create>) => {
      if (others-- > 0) await create(name, { 'dev.cnb.record': 'of another' }, context)
      return create(name, labels, context)
    },
  }
  const busy = { ...engine, containers: engine.containers, volumes } as unknown as FakeEngine
  await using vault = openStateVolume(busy, plan, 'owner', {})
  await vault.writeRecord(record, {})
  expect(await vault.readRecord({})).toEqual(record)
  others = 100
  await expect(vault.writeRecord({ ...record, uid: 5 }, {})).rejects.toMatchObject({ code: 'CNB_EXPORT_FAILED' })
})

/** A record that gzip cannot shrink below the limit of a label. */
const LARGE = { ...record, launcher: { builder: 'sha256:b', diffId: digestOf('x'), size: 1, version: randomBytes(128 * 1024).toString('base64') } }

test('reads a large record of an earlier build, and then a small one', async () => {
  const reread = async () => {
    await using vault = openStateVolume(engine, plan, 'owner', {})
    return await vault.readRecord({})
  }
  {
    await using vault = openStateVolume(engine, plan, 'owner', {})
    await vault.writeRecord(LARGE, {})
  }
  expect(await reread()).toEqual(LARGE)
  expect(await engine.volumes.labels('the.state')).toEqual({ 'dev.cnb.cache': 'true' })
  {
    await using vault = openStateVolume(engine, plan, 'owner', {})
    await vault.writeRecord(record, {})
  }
  expect(await reread()).toEqual(record)
})

test('does not write a record that exceeds the size limit, and reports both sizes', async () => {
  await using vault = openStateVolume(engine, plan, 'owner', {})
  const launcher = { builder: 'sha256:b', diffId: digestOf('x'), size: 1, version: 'x'.repeat(128 * 1024 * 1024) }
  const message = /has 1342\d{5} bytes, and the limit is 134217728/
  await expect(vault.writeRecord({ ...record, launcher }, {})).rejects.toMatchObject({ code: 'CNB_EXPORT_FAILED', message: expect.stringMatching(message) as string })
})

test('does not write a record that exceeds the limit of entries', async () => {
  await using vault = openStateVolume(engine, plan, 'owner', {})
  const files = Object.fromEntries(Array.from({ length: 10_001 }, (_, index) => [`l${index}/sbom.cdx.json`, '']))
  const tooMany = { ...record, sbom: { cache: { sha: digestOf('x'), files } } }
  await expect(vault.writeRecord(tooMany, {})).rejects.toMatchObject({ code: 'CNB_EXPORT_FAILED', message: expect.stringContaining('more than 10000 entries') as string })
})

test('reports size and limit of a record that is too large to read', async () => {
  await using vault = openStateVolume(engine, plan, 'owner', {})
  await vault.writeRecord(LARGE, {})
  const [state] = engine.state.values()
  state?.files.write('/state/record', Buffer.alloc(128 * 1024 * 1024 + 1))
  const message = 'cannot read /state/record of the cache: it has 134217729 bytes, and the limit is 134217728'
  await expect(vault.readRecord({})).rejects.toMatchObject({ code: 'CNB_RESTORE_FAILED', message })
})

test('creates a container without rights for a large record, never starts it and removes it', async () => {
  {
    await using vault = openStateVolume(engine, plan, 'owner', {})
    await vault.writeRecord(LARGE, {})
    expect([...engine.state.values()].map(({ spec }) => spec)).toMatchObject([{ network: 'none', capDrop: ['ALL'], labels: { 'dev.cnb.owner': 'owner' } }])
  }
  expect(engine.state.size).toBe(0)
})

test.each([
  ['cut', (label: string) => label.slice(0, -8)],
  ['no gzip', () => 'x'],
  ['empty', () => ''],
  ['of a text without digest', () => gzipSync('{"version":2}').toString('base64')],
  ['larger than the limit when it is unpacked', () => gzipSync(Buffer.alloc(128 * 1024 * 1024 + 1)).toString('base64')],
])('ignores a record in a label that is %s', async (_, change) => {
  await using vault = openStateVolume(engine, plan, 'owner', {})
  await vault.writeRecord(record, {})
  const label = (await engine.volumes.labels('the.record'))?.['dev.cnb.record'] ?? ''
  await engine.volumes.remove('the.record')
  await engine.volumes.create('the.record', { 'dev.cnb.record': change(label) })
  expect(await vault.readRecord({})).toBeUndefined()
})

test('ignores an incomplete large record', async () => {
  {
    await using vault = openStateVolume(engine, plan, 'owner', {})
    await vault.writeRecord(LARGE, {})
    const [state] = engine.state.values()
    const content = state?.files.read('/state/record')
    state?.files.write('/state/record', content?.subarray(0, -1) ?? '')
  }
  await using vault = openStateVolume(engine, plan, 'owner', {})
  expect(await vault.readRecord({})).toBeUndefined()
})

test("reads pack's cache if the volume has one", async () => {
  await engine.volumes.create('the.build', {})
  const entry = { mode: 0o755, uid: 0, gid: 0, mtime: 0 }
  const content = await buffer(packTar([{ ...entry, type: 'directory', name: '/layers/bp/l' }]))
  const metadata = Buffer.from(JSON.stringify({ buildpacks: [{ key: 'bp', version: '1', layers: { l: { sha: digestOf(content), cache: true } } }] }))
  await using filler = await engine.containers.create({
    image: plan.builder.image.id, command: ['x'], mounts: [{ type: 'volume', source: 'the.build', target: '/cache' }],
  })
  await filler.putArchive('/cache', packTar([
    { ...entry, type: 'file', name: 'committed/io.buildpacks.lifecycle.cache.metadata', size: metadata.length, content: metadata },
    { ...entry, type: 'file', name: `committed/${digestOf(content)}.tar`, size: content.length, content },
  ]))
  await using vault = openStateVolume(engine, plan, 'owner', {})
  const cache = await vault.peerCache({})
  expect(Object.keys(cache?.record.buildpacks[0]?.layers ?? {})).toEqual(['l'])
  const names: string[] = []
  for await (const { name } of cache!.contents.entries('bp', 'l', {})) names.push(name.toString())
  expect(names).toEqual(['layers/bp/l'])
})
