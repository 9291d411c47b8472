/** What every store does. `open` opens another store of the same state, as another process does. */

import type { AnyResource } from '../../../src/resources/kind.ts'
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import type { CnbEvent } from '../../../src/base/events.ts'
import type { Build } from '../../../src/resources/kinds/build.ts'
import type { Secret } from '../../../src/resources/kinds/core.ts'
import type { Image } from '../../../src/resources/kinds/image.ts'
import { parseLabelSelector } from '../../../src/state/label-selector.ts'
import { keyOf } from '../../../src/state/resource-key.ts'
import { BUILD, type LogLine, type ResourceType, type Store } from '../../../src/state/store.ts'

export const IMAGE: ResourceType<Image> = { group: 'kpack.io', kind: 'Image' }

export function image(name: string, namespace = 'default', labels?: Record<string, string>): Image {
  const source = { git: { url: 'https://example.com/app', revision: 'main' } }
  return { apiVersion: 'kpack.io/v1alpha2', kind: 'Image', metadata: { name, namespace, ...(labels ? { labels } : {}) }, spec: { tag: `r.example/${name}`, builder: { kind: 'ClusterBuilder', name: 'b' }, source } }
}

export function build(name: string): Build {
  return { apiVersion: 'kpack.io/v1alpha2', kind: 'Build', metadata: { name, namespace: 'default' }, spec: { tags: ['r.example/x'], builder: { image: 'b' }, source: {} } }
}

const stack = (name: string): AnyResource => ({ apiVersion: 'kpack.io/v1alpha2', kind: 'ClusterStack', metadata: { name } })
const secret: Secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x', namespace: 'default' }, data: { password: 'c2VjcmV0' } }

export function describeStore(title: string, open: () => Promise<Store>): void {
  describe(title, () => {
    let store: Store
    let other: Store

    beforeEach(async () => {
      store = await open()
      other = await open()
    })

    it('is empty at first', async () => {
      expect(await store.list({})).toEqual([])
      expect(await store.read(keyOf(image('app')))).toBeUndefined()
      expect(await store.remove(keyOf(image('app')))).toBe(false)
    })

    it('returns what another process wrote, with uid, time and generation', async () => {
      const written = await store.write(image('app'))
      expect(written.resource.metadata).toEqual({
        name: 'app',
        namespace: 'default',
        uid: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
        creationTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) as string,
        generation: 1,
      })
      expect(await other.read(keyOf(image('app')))).toEqual(written)
    })

    it('increases the generation only for changes of the spec', async () => {
      const first = await store.write(image('app'))
      const labelled = await store.write(image('app', 'default', { a: 'b' }))
      expect(labelled.resource.metadata).toEqual({ ...first.resource.metadata, labels: { a: 'b' } })
      const changed = await store.write({ ...image('app'), spec: { ...image('app').spec, tag: 'r.example/other' } })
      expect(changed.resource.metadata).toEqual({ ...first.resource.metadata, generation: 2 })
      const status = await store.writeStatus(keyOf(image('app')), { observedGeneration: 2 }, changed.version)
      expect(status.resource.metadata.generation).toBe(2)
    })

    it('sets no generation for resources without a spec', async () => {
      expect((await store.write(secret)).resource.metadata).not.toHaveProperty('generation')
    })

    it('ignores the uid, time, generation and status of the resource that is written', async () => {
      const { resource } = await store.write(image('app'))
      const claimed = { ...image('app'), metadata: { ...image('app').metadata, uid: 'other', creationTimestamp: '1999-01-01T00:00:00Z', generation: 9 } }
      expect((await store.write({ ...claimed, status: { observedGeneration: 9 } })).resource).toEqual(resource)
    })

    it('keeps the status when the rest is written', async () => {
      const { version } = await store.write(image('app'))
      await store.writeStatus(keyOf(image('app')), { latestImage: 'r.example/app@sha256:1' }, version)
      await store.write(image('app', 'default', { a: 'b' }))
      expect((await other.read(keyOf(image('app'))))?.resource.status).toEqual({ latestImage: 'r.example/app@sha256:1' })
    })

    it('has one version for one content', async () => {
      const first = await store.write(image('app'))
      expect(await other.write(image('app'))).toEqual(first)
      expect((await other.write(image('app', 'default', { a: 'b' }))).version).not.toBe(first.version)
      expect((await other.write(image('app'))).version).toBe(first.version)
    })

    it('refuses a status for another version', async () => {
      const seen = await store.write(image('app'))
      await other.write(image('app', 'default', { changed: 'true' }))
      await expect(store.writeStatus(keyOf(image('app')), {}, seen.version)).rejects.toMatchObject({ code: 'CNB_STATE_CHANGED', message: 'cannot change Image default/app: another process changed it meanwhile' })
      await other.remove(keyOf(image('app')))
      await expect(store.writeStatus(keyOf(image('app')), {}, seen.version)).rejects.toMatchObject({ code: 'CNB_STATE_CHANGED', message: 'cannot change Image default/app: another process removed it meanwhile' })
      expect(await store.list({})).toEqual([])
    })

    it('refuses a resource for another version, or one that must be new', async () => {
      const seen = await store.write(image('app'), 'none')
      await expect(other.write(image('app'), 'none')).rejects.toMatchObject({ code: 'CNB_STATE_CHANGED' })
      await other.write(image('app', 'default', { changed: 'true' }), seen.version)
      await expect(store.write(image('app'), seen.version)).rejects.toMatchObject({ code: 'CNB_STATE_CHANGED' })
      expect((await store.read(keyOf(image('app'))))?.resource.metadata.labels).toEqual({ changed: 'true' })
    })

    it('loses none of the changes that two processes make', async () => {
      await store.write(image('app'))
      const add = async (process: Store, name: string): Promise<void> => {
        for (let done = false; !done; ) {
          const seen = await process.read(keyOf(image('app')))
          const labels = { ...seen?.resource.metadata.labels, [name]: 'x' }
          done = await process.write(image('app', 'default', labels), seen?.version).then(
            () => true,
            () => false,
          )
        }
      }
      const names = Array.from({ length: 8 }, (_, index) => `n${index}`)
      await Promise.all(names.map((name, index) => add(index % 2 === 0 ? store : other, name)))
      expect(Object.keys((await store.read(keyOf(image('app'))))?.resource.metadata.labels ?? {}).sort()).toEqual(names)
    })

    it('lists by type, namespace, labels and name, in order', async () => {
      for (const resource of [image('b', 'dev', { team: 'x' }), image('a', 'dev'), image('c', 'default', { team: 'x' }), stack('base'), secret, build('b-build-1')]) await store.write<AnyResource>(resource)
      const names = async (query: Parameters<Store['list']>[0]): Promise<string[]> =>
        (await other.list(query)).map(({ resource: { kind, metadata } }) => [kind, metadata.namespace, metadata.name].filter(Boolean).join(' '))
      expect(await names({})).toEqual(['Secret default x', 'Build default b-build-1', 'ClusterStack base', 'Image default c', 'Image dev a', 'Image dev b'])
      expect(await names({ type: IMAGE })).toEqual(['Image default c', 'Image dev a', 'Image dev b'])
      expect(await names({ type: BUILD })).toEqual(['Build default b-build-1'])
      expect(await names({ namespace: 'dev' })).toEqual(['Image dev a', 'Image dev b'])
      expect(await names({ type: IMAGE, namespace: 'dev', named: (name) => name === 'b' })).toEqual(['Image dev b'])
      expect(await names({ labels: parseLabelSelector('team=x') })).toEqual(['Image default c', 'Image dev b'])
      expect(await names({ labels: parseLabelSelector('team!=x'), type: IMAGE })).toEqual(['Image dev a'])
    })

    it('removes a resource', async () => {
      await store.write(image('app'))
      await store.write(image('other'))
      expect(await other.remove(keyOf(image('app')))).toBe(true)
      expect((await store.list({})).map(({ resource }) => resource.metadata.name)).toEqual(['other'])
    })

    it.each([
      ['a path as its name', { name: '../../etc/passwd' }],
      ['dots as its name', { name: '..' }],
      ['an empty name', { name: '' }],
      ['capitals in its name', { name: 'App' }],
      ['a name of 251 characters', { name: 'a'.repeat(251) }],
      ['a line feed in its name', { name: 'a\nb' }],
      ['a path as its namespace', { name: 'a', namespace: '..' }],
      ['the namespace of resources of the cluster', { name: 'a', namespace: '_cluster' }],
    ])('refuses a resource with %s', async (_title, metadata) => {
      await expect(store.write({ ...image('a'), metadata })).rejects.toMatchObject({ code: 'CNB_DESCRIPTOR_INVALID' })
      await expect(store.read({ type: IMAGE, ...metadata })).rejects.toMatchObject({ code: 'CNB_DESCRIPTOR_INVALID' })
      await expect(store.remove({ type: IMAGE, ...metadata })).rejects.toMatchObject({ code: 'CNB_DESCRIPTOR_INVALID' })
      expect(await store.list({})).toEqual([])
    })

    it.each([
      ['kind', { kind: '../Image' }],
      ['kind', { kind: 'image' }],
      ['group', { apiVersion: '../v1' }],
    ])('refuses a resource with an impossible %s', async (part, change) => {
      await expect(store.write({ ...image('a'), ...change })).rejects.toMatchObject({ code: 'CNB_DESCRIPTOR_INVALID', message: expect.stringContaining(`its ${part} `) as string })
    })

    it('returns any resource as it was written', async () => {
      const json = fc.jsonValue({ maxDepth: 4 })
      await fc.assert(
        fc.asyncProperty(fc.dictionary(fc.string(), json), json, async (spec, status) => {
          const resource = { ...image('any'), spec: spec as unknown as Image['spec'] }
          const { version } = await store.write(resource)
          await store.writeStatus(keyOf(resource), status, version)
          const read = await other.read(keyOf(resource))
          expect(read?.resource).toEqual(JSON.parse(JSON.stringify({ ...resource, metadata: read?.resource.metadata, status })))
        }),
        { numRuns: 40 },
      )
    })

    describe('the log of a build', () => {
      const name = { namespace: 'default', name: 'app-build-1' }
      const texts = async (lines: AsyncIterable<readonly LogLine[]>): Promise<string[]> => (await all(lines)).map(({ text }) => text)

      it('has the lines with their times', async () => {
        await using log = await store.openLog(name)
        log.write('one\n')
        log.write('two\nthree')
        log.write('')
        const lines = await all(other.readLog(name, false))
        expect(lines.map(({ text }) => text)).toEqual(['one', 'two', 'three', ''])
        expect(lines.every(({ time }) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(time))).toBe(true)
      })

      it('is empty for a build without a log', async () => {
        expect(await texts(store.readLog(name, false))).toEqual([])
        expect(await texts(store.readLog(name, true))).toEqual([])
      })

      it('is followed until it is closed', async () => {
        const log = await store.openLog(name)
        const lines = other.readLog(name, true)[Symbol.asyncIterator]()
        log.write('one')
        expect((await lines.next()).value).toMatchObject([{ text: 'one' }])
        const next = lines.next()
        log.write('two')
        expect((await next).value).toMatchObject([{ text: 'two' }])
        log.write('last')
        await log[Symbol.asyncDispose]()
        expect((await lines.next()).value).toMatchObject([{ text: 'last' }])
        expect(await lines.next()).toEqual({ done: true, value: undefined })
      })

      it('is followed from before its build starts', async () => {
        await store.write(build(name.name))
        const lines = texts(other.readLog(name, true))
        const log = await store.openLog(name)
        log.write('one')
        await log[Symbol.asyncDispose]()
        expect(await lines).toEqual(['one'])
      })

      it('ends for a build that finished without one', async () => {
        const { version } = await store.write(build(name.name))
        const lines = texts(other.readLog(name, true))
        await store.writeStatus(keyOf(build(name.name)), { conditions: [{ type: 'Succeeded', status: 'False' }] }, version)
        expect(await lines).toEqual([])
      })

      it('can be interrupted', async () => {
        await using log = await store.openLog(name)
        log.write('one')
        const interrupt = new AbortController()
        const lines = other.readLog(name, true, { signal: interrupt.signal })[Symbol.asyncIterator]()
        await lines.next()
        const next = lines.next()
        interrupt.abort()
        await expect(next).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
      })

      it('continues when it is opened again, and is removed with its build', async () => {
        await store.write(build(name.name))
        for (const text of ['one', 'two']) {
          await using log = await store.openLog(name)
          log.write(text)
        }
        expect(await texts(other.readLog(name, false))).toEqual(['one', 'two'])
        await other.remove(keyOf(build(name.name)))
        expect(await texts(store.readLog(name, false))).toEqual([])
      })
    })

    it('has another value of changes after each change', async () => {
      const { version } = await store.write(image('app'))
      const seen = [await store.changes()]
      await other.writeStatus(keyOf(image('app')), { observedGeneration: 1 }, version)
      seen.push(await store.changes())
      await other.remove(keyOf(image('app')))
      seen.push(await store.changes())
      expect(new Set(seen).size).toBe(3)
    })

    it('lists what another process changed since the last list', async () => {
      for (const count of [1, 2, 3]) {
        await other.write(image('app', 'default', { count: String(count) }))
        expect((await store.list({})).map(({ resource }) => resource.metadata.labels)).toEqual([{ count: String(count) }])
      }
      await other.remove(keyOf(image('app')))
      expect(await store.list({})).toEqual([])
    })

    describe('the lock', () => {
      it('is seen by processes that do not wait for it', async () => {
        expect(await other.isLocked()).toBe(false)
        const held = await store.lock()
        expect([await store.isLocked(), await other.isLocked()]).toEqual([true, true])
        await held[Symbol.asyncDispose]()
        expect(await other.isLocked()).toBe(false)
      })

      it('lets one process reconcile while others read and write', async () => {
        const events: CnbEvent[] = []
        const held = await store.lock()
        let has = false
        const second = other.lock({ events: (event) => events.push(event) }).then((lock) => {
          has = true
          return lock
        })
        await other.write(image('app'))
        while (events.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
        expect(events).toEqual([{ type: 'info', message: expect.stringMatching(/^waiting for .*process.*, which uses the state/) as string }])
        expect(await other.list({})).toHaveLength(1)
        expect(has).toBe(false)
        await held[Symbol.asyncDispose]()
        const lock = await second
        expect(lock.signal.aborted).toBe(false)
        await lock[Symbol.asyncDispose]()
      })

      it('reports whether another process waits', async () => {
        const held = await store.lock()
        expect(await held.isWanted()).toBe(false)
        const second = other.lock()
        while (!(await held.isWanted())) await new Promise((resolve) => setTimeout(resolve, 5))
        await held[Symbol.asyncDispose]()
        await using lock = await second
        expect(await lock.isWanted()).toBe(false)
      })

      it('can be interrupted while it waits, and leaves nothing behind', async () => {
        const held = await store.lock()
        const interrupt = new AbortController()
        const waiting = other.lock({ signal: interrupt.signal, events: () => interrupt.abort() })
        await expect(waiting).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
        await held[Symbol.asyncDispose]()
        await using again = await other.lock()
        expect(again.signal.aborted).toBe(false)
      })
    })
  })
}

async function all(batches: AsyncIterable<readonly LogLine[]>): Promise<LogLine[]> {
  const lines: LogLine[] = []
  for await (const batch of batches) lines.push(...batch)
  return lines
}
