import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import type { CnbEvent } from '../../../src/base/events.ts'
import { engineStatus } from '../../../src/docker/engine-errors.ts'
import { cleanupSignal } from '../../../src/docker/connection/cleanup-signal.ts'
import { containerOf, created, failureOf } from './failure.ts'
import { breakOff, json, startEngineServer } from './engine-server.ts'

afterEach(() => void vi.useRealTimers())

const silence = (): void => {}

test('stops cleaning up 8 s after an interruption in total, and reports leftovers', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const controller = new AbortController()
  const replies = { ...created, 'DELETE /containers/*': silence, 'DELETE /volumes/*': silence }
  await using server = await startEngineServer(replies, undefined, undefined, cleanupSignal(controller.signal))
  const events: CnbEvent[] = []
  const container = await containerOf(server, (event) => events.push(event))
  controller.abort()
  const [disposal, volume] = [container[Symbol.asyncDispose](), failureOf(server.engine.volumes.remove('v'))]
  await vi.advanceTimersByTimeAsync(7999)
  expect(events).toEqual([])
  await vi.advanceTimersByTimeAsync(1)
  await disposal
  expect(events).toEqual([{ type: 'warning', message: "cannot remove the container c1: the engine does not respond; remove it with 'docker rm -f c1'" }])
  expect(await volume).toMatchObject({ code: 'CNB_ENGINE_FAILED', message: 'cannot remove the volume v: the engine does not respond' })
  expect(await failureOf(server.engine.volumes.remove('w'))).toMatchObject({ message: 'cannot remove the volume w: the engine does not respond' })
})

test('reports the name of a container that may have been created', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const controller = new AbortController()
  const replies = { 'POST /containers/create': () => controller.abort(), 'DELETE /containers/*': silence }
  await using server = await startEngineServer(replies, undefined, undefined, cleanupSignal(controller.signal))
  const events: CnbEvent[] = []
  const creation = failureOf(server.engine.containers.create({ image: 'x', command: ['/x'] }, { signal: controller.signal, events: (event) => events.push(event) }))
  await once(controller.signal, 'abort')
  await vi.advanceTimersByTimeAsync(8000)
  expect((await creation).code).toBe('CNB_INTERRUPTED')
  expect(events).toMatchObject([{ type: 'warning', message: expect.stringMatching(/the engine does not respond; remove it with 'docker rm -f cnb-[0-9a-f]{16}'/) as string }])
})

test('removes a container after an aborted creation', async () => {
  const controller = new AbortController()
  await using server = await startEngineServer({
    'POST /containers/create': (response, request) => {
      controller.abort()
      json({ Id: 'c1' }, 201)(response, request)
    },
    'DELETE /containers/*': json('', 204),
  })
  const creation = server.engine.containers.create({ image: 'x', command: ['/x'] }, { signal: controller.signal })
  expect((await failureOf(creation)).code).toBe('CNB_INTERRUPTED')
  expect(server.asked).toEqual(['POST /containers/create', 'DELETE /containers/c1'])
})

test('removes a container by its unique name after a lost reply', async () => {
  await using server = await startEngineServer({ 'POST /containers/create': breakOff('{'), 'DELETE /containers/*': json('', 204) })
  expect((await failureOf(server.engine.containers.create({ image: 'x', command: ['/x'] }))).code).toBe('CNB_ENGINE_LOST')
  const name = /name=(cnb-[0-9a-f]{16})/.exec(server.urls[0]!)?.[1]
  expect(server.asked).toEqual(['POST /containers/create', `DELETE /containers/${name}`])
})

test('removes a container by the name of the caller after a lost reply only if the creation made it', async () => {
  for (const isOwn of [true, false]) {
    let creation = ''
    await using server = await startEngineServer({
      'POST /containers/create': (response, request) => {
        void text(request).then((body) => {
          creation = (JSON.parse(body) as { Labels: Record<string, string> }).Labels['dev.cnb.creation']!
          breakOff('{')(response, request)
        })
      },
      'GET /containers/lock/json': (...reply) => json({ Id: 'c1', Config: { Labels: { 'dev.cnb.creation': isOwn ? creation : 'another' } } })(...reply),
      'DELETE /containers/*': json('', 204),
    })
    expect((await failureOf(server.engine.containers.create({ image: 'x', command: ['/x'], name: 'lock' }))).code).toBe('CNB_ENGINE_LOST')
    expect(creation).toMatch(/^[0-9a-f]{16}$/)
    expect(server.asked).toEqual(['POST /containers/create', 'GET /containers/lock/json', ...(isOwn ? ['DELETE /containers/c1'] : [])])
  }
})

test('reports a volume of an aborted creation', async () => {
  const controller = new AbortController()
  await using server = await startEngineServer({
    'POST /volumes/create': (response, request) => {
      controller.abort()
      json({ Name: 'v' }, 201)(response, request)
    },
  })
  await expect(server.engine.volumes.create('v', {}, { signal: controller.signal })).resolves.toBe(true)
  expect((await failureOf(server.engine.volumes.create('w', {}, { signal: controller.signal }))).code).toBe('CNB_INTERRUPTED')
  expect(server.asked).toEqual(['POST /volumes/create'])
})

test('retries a removal after internal errors, waits for one in progress, and accepts 404', async () => {
  const answers = [500, 409, 404]
  await using server = await startEngineServer({
    'DELETE /containers/c1': (response, request) => json({ message: 'as it says' }, answers.shift())(response, request),
    'POST /containers/c1/wait': json({ StatusCode: 0 }),
  })
  await server.engine.containers.remove('c1')
  expect(server.urls).toEqual([
    'DELETE /containers/c1?force=true&v=true',
    'DELETE /containers/c1?force=true&v=true',
    'POST /containers/c1/wait?condition=removed',
    'DELETE /containers/c1?force=true&v=true',
  ])
})

test('warns about a failed removal on disposal without hiding the original error', async () => {
  await using server = await startEngineServer({ ...created, 'DELETE /containers/c1': json({ message: 'device busy' }, 403) })
  const events: CnbEvent[] = []
  const work = async (): Promise<void> => {
    await using _container = await containerOf(server, (event) => events.push(event))
    throw new Error('the real one')
  }
  await expect(work()).rejects.toThrow('the real one')
  expect(events).toMatchObject([{ type: 'warning' }])
  expect(JSON.stringify(events)).toContain('device busy')
})

test('does not warn about an engine that is gone on disposal', async () => {
  const server = await startEngineServer(created)
  const events: CnbEvent[] = []
  const container = await containerOf(server, (event) => events.push(event))
  await server[Symbol.asyncDispose]()
  await container[Symbol.asyncDispose]()
  expect(events).toMatchObject([{ type: 'debug' }])
})

test("reports a name conflict, also for podman's errors of its storage and database", async () => {
  const server = await startEngineServer({
    'POST /containers/create': json({ message: 'UNIQUE constraint failed: ContainerConfig.Name' }, 500),
    'GET /containers/taken/json': json({ Id: 'c0' }),
  })
  onTestFinished(() => server[Symbol.asyncDispose]())
  const create = (name: string): Promise<unknown> => server.engine.containers.create({ image: 'x', command: ['/x'], name }).catch((error: unknown) => error)
  expect(engineStatus(await create('taken'))).toBe(409)
  expect(engineStatus(await create('free'))).toBe(500)
  expect(server.asked.filter((line) => line.startsWith('DELETE'))).toEqual([])
})
