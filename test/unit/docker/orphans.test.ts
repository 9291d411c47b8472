import { hostname } from 'node:os'
import { buffer } from 'node:stream/consumers'
import { beforeEach, expect, test } from 'vitest'
import { CnbError } from '../../../src/base/errors.ts'
import type { CnbEvent } from '../../../src/base/events.ts'
import { OWNER_LABEL } from '../../../src/docker/engine.ts'
import { removeOrphans } from '../../../src/docker/orphans.ts'
import { ownerLabel, parseOwner, processStartTime, type Owner } from '../../../src/docker/owner.ts'
import { digestOf } from '../../../src/oci/digest.ts'
import { FakeEngine } from '../../support/fake-engine.ts'
import { packFiles } from '../../support/fake-files.ts'

const here = { hostname: 'here', isAlive: async ({ pid }: Owner) => pid === 1 }
const living = ownerLabel({ hostname: 'here', pid: 1, startTime: '10' })
const dead = ownerLabel({ hostname: 'here', pid: 2, startTime: '10' })
const elsewhere = ownerLabel({ hostname: 'there', pid: 2, startTime: '10' })

let engine: FakeEngine

beforeEach(async () => {
  engine = new FakeEngine()
  const layer = await buffer(packFiles([]))
  const config = JSON.stringify({ os: 'linux', architecture: 'amd64', config: {}, rootfs: { type: 'layers', diff_ids: [digestOf(layer)] } })
  const manifest = JSON.stringify([{ Config: 'c', RepoTags: ['x:1'], Layers: ['l'] }])
  await engine.images.load(packFiles([['c', config], ['l', layer], ['manifest.json', manifest]]))
  for (const owner of [living, dead, elsewhere, 'nonsense']) {
    await engine.volumes.create(`of ${owner}`, { [OWNER_LABEL]: owner })
    const mounts = [{ type: 'volume' as const, source: `of ${owner}`, target: '/x' }]
    await engine.containers.create({ image: 'x:1', command: ['/x'], labels: { [OWNER_LABEL]: owner }, mounts })
  }
  await engine.volumes.create('a cache of the user', {})
})

test('only what a dead process of this machine made goes, volumes after the containers that use them', async () => {
  expect(await removeOrphans(engine, here)).toBe(2)
  const owners = (await engine.containers.list(OWNER_LABEL)).map(({ labels }) => labels[OWNER_LABEL])
  expect(owners).toEqual([living, elsewhere, 'nonsense'])
  expect((await engine.volumes.list(OWNER_LABEL)).map(({ labels }) => labels[OWNER_LABEL])).toEqual(owners)
})

test('what cannot be removed is told and does not stop the rest', async () => {
  engine.containers.remove = async () => {
    throw new CnbError('CNB_ENGINE_FAILED', 'device busy')
  }
  const events: CnbEvent[] = []
  expect(await removeOrphans(engine, here, { events: (event) => events.push(event) })).toBe(0)
  expect(events.map(({ type }) => type)).toEqual(['warning', 'warning'])
  expect(JSON.stringify(events)).toContain('device busy')
})

test('an owner reads as it was written, and nothing else does', () => {
  const owner = { hostname: 'my-host', pid: 4711, startTime: '123456' }
  expect(parseOwner(ownerLabel(owner))).toEqual(owner)
  for (const label of ['', 'a', 'a:b', 'a:b:c', 'a:0:c', ':1:c', 'a:-1:x', 'a:1']) expect(parseOwner(label)).toBeUndefined()
})

test("a process's start is the same each time, and none that does not run has one", async () => {
  const start = await processStartTime(process.pid)
  expect(start).toBeTruthy()
  expect(await processStartTime(process.pid)).toBe(start)
  expect(parseOwner(ownerLabel({ hostname: hostname(), pid: process.pid, startTime: start! }))?.startTime).toBe(start)
  expect(await processStartTime(4_194_305)).toBeUndefined()
})
