import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { buffer } from 'node:stream/consumers'
import { beforeEach, expect, test, vi } from 'vitest'
import { CnbError } from '../../../src/base/errors.ts'
import type { CnbEvent } from '../../../src/base/events.ts'
import { KEPT_LABEL, OWNER_LABEL, type Owned, UNFINISHED_LABEL } from '../../../src/docker/engine.ts'
import { countOrphans, type OrphanSearch, removeOrphans } from '../../../src/docker/orphans.ts'
import { currentOwner, hasEnded, ownerLabel, parseOwner } from '../../../src/base/processes/owner.ts'
import { digestOf } from '../../../src/oci/digest.ts'
import { FakeEngine } from '../../support/fakes/fake-engine.ts'
import { packFiles } from '../../support/fakes/fake-files.ts'

const NOW = Date.parse('2026-01-10T00:00:00Z')
const here: OrphanSearch = { space: 'boot/1', hasEnded: async ({ pid }) => pid !== 1, now: () => NOW }
const owner = (space: string, pid: number): string => ownerLabel({ hostname: 'here', space, pid, startTime: '10' })
const living = owner('boot/1', 1)
const dead = owner('boot/1', 2)
/** A fixed host name. */
const inDoubt = [owner('boot/2', 2), owner('other/1', 2), owner('', 2), 'here:2:10', 'nonsense']

let engine: FakeEngine

beforeEach(async () => {
  engine = new FakeEngine()
  const layer = await buffer(packFiles([]))
  const config = JSON.stringify({ os: 'linux', architecture: 'amd64', config: {}, rootfs: { type: 'layers', diff_ids: [digestOf(layer)] } })
  const manifest = JSON.stringify([{ Config: 'c', RepoTags: ['x:1'], Layers: ['l'] }])
  await engine.images.load(packFiles([['c', config], ['l', layer], ['manifest.json', manifest]]))
  for (const owner of [living, dead, ...inDoubt]) {
    await engine.volumes.create(`of ${owner}`, { [OWNER_LABEL]: owner })
    const mounts = [{ type: 'volume' as const, source: `of ${owner}`, target: '/x' }]
    await engine.containers.create({ image: 'x:1', command: ['/x'], labels: { [OWNER_LABEL]: owner }, mounts })
  }
  await engine.volumes.create('a cache of the user', {})
})

test('removes only objects of dead processes of this boot and PID namespace, containers before volumes', async () => {
  expect(await removeOrphans(engine, here)).toBe(2)
  const owners = (await engine.containers.list(OWNER_LABEL)).map(({ labels }) => labels[OWNER_LABEL])
  expect(owners).toEqual([living, ...inDoubt])
  expect((await engine.volumes.list(OWNER_LABEL)).map(({ labels }) => labels[OWNER_LABEL])).toEqual(owners)
})

test('reports failed removals and continues', async () => {
  engine.containers.remove = async () => {
    throw new CnbError('CNB_ENGINE_FAILED', 'device busy')
  }
  const events: CnbEvent[] = []
  expect(await removeOrphans(engine, here, { events: (event) => events.push(event) })).toBe(0)
  expect(events.map(({ type }) => type)).toEqual(['warning'])
  expect(JSON.stringify(events)).toContain('device busy')
})

test('removes nothing if the process space is unknown', async () => {
  expect(await removeOrphans(engine, { ...here, space: '' })).toBe(0)
})

test.each<[string, Partial<Owned>, boolean]>([
  ['a week and does not run', { created: NOW - 7 * 86_400_000 - 1 }, true],
  ['a week and still runs', { created: NOW - 7 * 86_400_000 - 1, running: true }, false],
  ['less than a week', { created: NOW - 7 * 86_400_000 + 1 }, false],
  ['of an age that the engine does not tell', {}, false],
  ['of the future', { created: NOW + 8 * 86_400_000 }, false],
])('removes objects in doubt that are %s old: %s', async (_title, changes, goes) => {
  const removed: string[] = []
  const list = async () => [{ id: 'x', name: `cnb-${'0'.repeat(16)}`, labels: { [OWNER_LABEL]: inDoubt[0]! }, ...changes }]
  engine = Object.assign(Object.create(engine) as FakeEngine, {
    containers: { list, remove: async (id: string) => void removed.push(id) },
    volumes: { list: async () => [] },
  })
  await removeOrphans(engine, here)
  expect(removed).toEqual(goes ? ['x'] : [])
})

test("keeps a user's container with the label of a dead owner in its image, removes a named one of cnb", async () => {
  const removed: string[] = []
  const named = (name: string) => ({ id: name, name, image: name === 'my-app' ? 'of my-app' : 'labelled', labels: { [OWNER_LABEL]: dead }, created: 0 })
  const list = async () => ['my-app', 'cnb-web', `cnb-build-${'0'.repeat(17)}`, `cnb-build-${'0'.repeat(16)}`].map(named)
  // The image of `my-app` has no such label: only a run of cnb can have set it.
  const inspect = async (image: string) => ({ config: { Labels: image === 'labelled' ? { [OWNER_LABEL]: dead } : {} } })
  engine = Object.assign(Object.create(engine) as FakeEngine, {
    containers: { list, remove: async (id: string) => void removed.push(id) },
    images: { inspect },
    volumes: { list: async () => [] },
  })
  await removeOrphans(engine, here)
  expect(removed).toEqual(['my-app', `cnb-build-${'0'.repeat(16)}`])
})

test('keeps caches of an abandoned run, which others may have filled', async () => {
  const labels = { [OWNER_LABEL]: inDoubt[0]!, [UNFINISHED_LABEL]: 'a cache of the user' }
  engine.volumes.list = async () => [{ name: 'of nonsense', labels, created: 0 }]
  for (const { id } of await engine.containers.list(OWNER_LABEL)) await engine.containers.remove(id)
  expect(await removeOrphans(engine, here)).toBe(1)
  expect(await engine.volumes.exists('a cache of the user')).toBe(true)
})

test('parses owners as written, and nothing else', () => {
  const written = { hostname: 'my-host', space: 'boot-id/4026531836/4026531834', pid: 4711, startTime: '123456' }
  expect(parseOwner(ownerLabel(written))).toEqual(written)
  expect(parseOwner(ownerLabel({ ...written, space: '', startTime: '' }))).toEqual({ ...written, space: '', startTime: '' })
  for (const label of ['', 'a', 'a:b', 'a:b:c', 'a:b:0:c', ':b:1:c', 'a:b:-1:x', 'a:b:1', 'my-host:4711:123456']) expect(parseOwner(label)).toBeUndefined()
})

const exists = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

test('detects an ended process by its ID or start time', async () => {
  const own = await currentOwner(hostname(), process.pid)
  expect(own).toEqual(await currentOwner(hostname(), process.pid))
  expect(own.startTime).not.toBe('')
  expect(own.space).not.toBe('')
  expect(await hasEnded(own, exists)).toBe(false)
  expect(await hasEnded({ ...own, startTime: '1' }, exists)).toBe(true)
  expect(await hasEnded({ ...own, pid: 4_194_305 }, exists)).toBe(true)
  // Without a start time to compare.
  expect(await hasEnded({ ...own, startTime: '' }, exists)).toBe(false)
  // A process that /proc hides from this user.
  expect(await hasEnded({ ...own, pid: 4_194_305 }, () => true)).toBe(false)
})

test.runIf(process.platform === 'linux')('counts a zombie as ended', async () => {
  // It ends once its parent is a program that waits for none, since a shell may wait for it.
  const parent = spawn('sh', ['-c', 'exec 3<&0; read _ <&3 & echo $!; exec sleep 1000'], { stdio: ['pipe', 'pipe', 'ignore'] })
  const pid = Number(String(await once(parent.stdout, 'data')))
  await vi.waitFor(async () => expect(await readFile(`/proc/${parent.pid}/comm`, 'utf8')).toBe('sleep\n'))
  parent.stdin.end()
  await vi.waitFor(async () => expect(await readFile(`/proc/${pid}/stat`, 'utf8')).toContain(') Z '))
  const own = await currentOwner(hostname(), process.pid)
  expect(await hasEnded({ ...own, pid }, exists)).toBe(true)
  parent.kill('SIGKILL')
})

test('counts the objects that it would remove, and removes none', async () => {
  expect(await countOrphans(engine, here)).toBe(2)
  expect(await engine.containers.list(OWNER_LABEL)).toHaveLength(7)
  expect(await removeOrphans(engine, here)).toBe(2)
  expect(await countOrphans(engine, here)).toBe(0)
})

test('keeps the container of a failed build for a day, also after the end of its owner', async () => {
  const day = 24 * 60 * 60 * 1000
  const labels = { [OWNER_LABEL]: dead, [KEPT_LABEL]: 'app:latest' }
  await engine.containers.create({ image: 'x:1', command: ['/x'], labels, name: 'cnb-kept-0123456789abcdef' })
  const isThere = async () => (await engine.containers.list(KEPT_LABEL)).length === 1
  await removeOrphans(engine, { ...here, now: Date.now })
  expect(await isThere()).toBe(true)
  await removeOrphans(engine, { ...here, now: () => Date.now() + day + 60_000 })
  expect(await isThere()).toBe(false)
})
