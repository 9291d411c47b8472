import type { AnyResource } from '../../../../../src/resources/kind.ts'
import { join } from 'node:path'
import { writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CnbError } from '../../../../../src/base/errors.ts'
import type { CnbEvent } from '../../../../../src/base/events.ts'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../../../src/base/files.ts'
import { watch, type WatchOptions } from '../../../../../src/operations/resources/watch/watch.ts'
import type { ScopeServices } from '../../../../../src/operations/resources/open-scope.ts'
import type { EngineServices } from '../../../../../src/operations/services.ts'
import type { Registries } from '../../../../../src/registry/registry.ts'
import type { Build } from '../../../../../src/resources/kinds/build.ts'
import type { Image } from '../../../../../src/resources/kinds/image.ts'
import type { SourceResolver } from '../../../../../src/resources/kinds/source-resolver.ts'
import type { ResourceType, StateLock } from '../../../../../src/state/store.ts'
import { keyOf } from '../../../../../src/state/resource-key.ts'
import { containing } from '../../../../support/matching.ts'
import { FakeClock } from '../../../../support/fakes/fake-clock.ts'
import { MemoryState, MemoryStore } from '../../../../support/fakes/memory-store.ts'
import { GIT_ENV, makeIndex, type TestIndex } from '../../../../support/registry/index-repository.ts'

const DIGEST = `sha256:${'a'.repeat(64)}`
const MINUTE = 60_000

let directory: TemporaryDirectory
let repository: TestIndex
let state: MemoryState
let store: MemoryStore
let clock: FakeClock
let events: CnbEvent[]
let stop: AbortController
let running: Promise<unknown>
/** Connects to the engine: a build is at this point when it has a Build and a log. */
let engine: (signal: AbortSignal) => Promise<EngineServices>

const down = async (): Promise<EngineServices> => {
  throw new CnbError('CNB_ENGINE_UNREACHABLE', 'no engine responds')
}
const hangs = (signal: AbortSignal): Promise<EngineServices> => new Promise((_, reject) => {
  signal.addEventListener('abort', () => reject(new Error('aborted')))
})

beforeEach(async () => {
  directory = await makeTemporaryDirectory()
  repository = makeIndex(join(directory.path, 'app'))
  repository.commit('main.go', 'package main')
  state = new MemoryState()
  store = new MemoryStore(state)
  clock = new FakeClock()
  events = []
  stop = new AbortController()
  engine = down
  await store.write({ apiVersion: 'kpack.io/v1alpha2', kind: 'Builder', metadata: { name: 'b', namespace: 'default' }, spec: { tag: 'r.example/b', stack: { kind: 'ClusterStack', name: 's' }, order: [] } } as AnyResource)
  const [builder] = await store.list({})
  await store.writeStatus(keyOf(builder!.resource), {
    observedGeneration: 1, latestImage: `r.example/b@${DIGEST}`, stack: { id: 'test', runImage: `r.example/run@${DIGEST}` }, conditions: [{ type: 'Ready', status: 'True' }, { type: 'UpToDate', status: 'True' }],
  }, builder!.version)
})

afterEach(async () => {
  stop.abort()
  await running.catch(() => {})
  await directory[Symbol.asyncDispose]()
})

function image(name: string, url = repository.path): Image {
  return { apiVersion: 'kpack.io/v1alpha2', kind: 'Image', metadata: { name, namespace: 'default' }, spec: { tag: `r.example/apps/${name}`, builder: { kind: 'Builder', name: 'b' }, source: { git: { url, revision: 'HEAD' } } } }
}

function start(options: WatchOptions = {}): void {
  const host = { env: { ...GIT_ENV, CNB_CACHE_DIR: join(directory.path, 'cache') }, cwd: directory.path, home: directory.path }
  const registries = { repository: () => ({ resolve: async () => ({ digest: DIGEST }) }), close: async () => {} } as unknown as Registries
  const services: ScopeServices = {
    remote: { host, platform: { os: 'linux', architecture: 'amd64' }, registries: async () => registries, keychain: async () => async () => undefined },
    engine: () => engine(stop.signal),
  }
  running = watch(options, store, services, { signal: stop.signal, events: (event) => void events.push(event) }, { clock, random: () => 0 })
  running.catch(() => {})
}

const builds = (): Promise<Build[]> => all<Build>('Build')
const all = async <T extends AnyResource>(kind: string): Promise<T[]> => {
  const type: ResourceType<T> = { group: 'kpack.io', kind }
  return (await store.list({ type })).map(({ resource }) => resource)
}
const endOf = ({ status }: Build): string | undefined => status?.conditions?.find(({ type }) => type === 'Succeeded')?.status
const messages = (): string[] => events.flatMap((event) => (event.type === 'info' || event.type === 'warning' ? [event.message] : []))

/** Waits for changes of the state until the condition holds. */
async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  for (;;) {
    const seen = state.count
    if (await condition()) return
    await state.changeAfter(seen)
  }
}

/** Lets time pass until the condition holds: git runs meanwhile. */
async function untilLater(condition: () => Promise<boolean> | boolean, step = 500): Promise<void> {
  while (!(await condition())) {
    clock.advance(step)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const finished = (count: number) => async (): Promise<boolean> => (await builds()).filter((build) => endOf(build) === 'False').length === count

describe('watch', () => {
  it('looks for the images of builders on the engine if they are saved there', async () => {
    const inspected: string[] = []
    const images = { inspect: async (name: string) => void inspected.push(name) }
    engine = async () => ({ engine: { images } }) as unknown as EngineServices
    start({ to: 'engine' })
    await untilLater(() => inspected.includes('r.example/b:builder-default-b'))
  })

  it('builds images at its start that need a build', async () => {
    await store.write(image('app'))
    engine = hangs
    start()
    await until(async () => (await builds()).some((build) => endOf(build) === 'Unknown'))
    expect(messages()).toContain('Image default/app: building (CONFIG), build app-build-1')
    expect(state.isLocked).toBe(true)
  })

  it('marks running builds as interrupted when it stops, and leaves the lock', async () => {
    await store.write(image('app'))
    engine = hangs
    start()
    await until(async () => (await builds()).some((build) => endOf(build) === 'Unknown'))
    stop.abort(new CnbError('CNB_INTERRUPTED', 'interrupted'))
    await expect(running).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
    const [build] = await builds()
    expect(build?.status?.conditions).toMatchObject([{ status: 'False', message: 'Error: the build was interrupted' }])
    expect(build?.metadata.annotations?.['cnb.dev/fingerprints']).toBe('{"interrupted":"yes"}')
    expect(state.isLocked).toBe(false)
  })

  it('tries again after an outage of the engine, later each time, and shows it', async () => {
    await store.write(image('app'))
    start()
    await until(finished(1))
    await until(async () => !state.isLocked && (await all<Image>('Image'))[0]?.status?.conditions?.[0]?.status === 'False')
    expect((await all<Image>('Image'))[0]?.status?.conditions?.[0]).toMatchObject({ reason: 'BuildFailed', message: containing('no engine responds') })
    expect(messages().filter((message) => message.includes('failed'))).toEqual([containing('Build default/app-build-1 failed: no engine responds')])
    const first = clock.now()
    await untilLater(finished(2))
    expect(clock.now() - first).toBeGreaterThanOrEqual(14_000)
    const second = clock.now()
    await untilLater(finished(3))
    expect(clock.now() - second).toBeGreaterThanOrEqual(29_000)
  })

  it('does not fail all builds that wait when the engine is out of reach', async () => {
    for (const name of ['a', 'b', 'c', 'd']) await store.write(image(name))
    start({ maxParallel: 1 })
    await until(finished(1))
    await until(() => !state.isLocked)
    expect(await builds()).toHaveLength(1)
    await untilLater(async () => (await builds()).length > 1)
  })

  it('reads a shared remote once, and reports its outage once', async () => {
    const url = join(directory.path, 'absent')
    for (const name of ['a', 'b', 'c']) await store.write(image(name, url))
    start()
    await untilLater(async () => (await all<SourceResolver>('SourceResolver')).length === 3)
    expect((await all<SourceResolver>('SourceResolver')).map(({ status }) => status?.conditions?.[0]?.status)).toEqual(['False', 'False', 'False'])
    expect(messages().filter((message) => message.includes('absent'))).toHaveLength(1)
    engine = async () => { throw new CnbError('CNB_BUILD_FAILED', 'no') }
    makeIndex(url).commit('main.go', 'package main')
    await untilLater(finished(3))
    expect(messages().filter((message) => message.endsWith('can be read again'))).toHaveLength(1)
  })

  it('notices what another process stores', async () => {
    start()
    await new MemoryStore(state).write(image('later'))
    await untilLater(finished(1))
    expect((await builds()).map(({ metadata }) => metadata.name)).toEqual(['later-build-1'])
  })

  it('leaves the lock to a process that waits, and starts nothing before', async () => {
    await store.write(image('a'))
    await store.write(image('b'))
    let other: Promise<StateLock> | undefined
    engine = async () => {
      other = new MemoryStore(state).lock()
      throw new CnbError('CNB_BUILD_FAILED', 'no')
    }
    start({ maxParallel: 1 })
    await until(() => other !== undefined)
    await using _held = await other
    expect(await builds()).toHaveLength(1)
    expect(endOf((await builds())[0]!)).toBe('False')
  })

  it('ends a build that a killed process left', async () => {
    await store.write(image('app'))
    const labels = { 'image.kpack.io/image': 'app', 'image.kpack.io/buildNumber': '1' }
    await store.write({ apiVersion: 'kpack.io/v1alpha2', kind: 'Build', metadata: { name: 'app-build-1', namespace: 'default', labels }, spec: { tags: ['r.example/app'], builder: { image: 'r.example/b' }, source: {} } } as AnyResource)
    start()
    await until(async () => (await builds()).length === 2)
    expect((await builds())[0]?.status?.conditions).toMatchObject([{ status: 'False', message: 'Error: the build was interrupted' }])
  })

  it('reports a full disk once, and continues within a minute after it has space', async () => {
    await store.write(image('app'))
    const lock = store.lock.bind(store)
    let tries = 0
    store.lock = () => {
      tries++
      return Promise.reject(new CnbError('CNB_OUTPUT', 'cannot write the state: no space left on device'))
    }
    start()
    await untilLater(() => tries === 12)
    expect(messages().filter((message) => message.includes('no space'))).toHaveLength(1)
    const before = clock.now()
    let resumed: number | undefined
    store.lock = (context) => {
      resumed ??= clock.now()
      return lock(context)
    }
    await untilLater(finished(1))
    expect(resumed! - before).toBeLessThanOrEqual(MINUTE + 2000)
  })

  it('builds at once after a webhook', async () => {
    await store.write(image('app'))
    start({ listen: '0', pollGit: '10h' })
    await until(finished(1))
    await until(() => !state.isLocked)
    repository.commit('main.go', 'package other')
    engine = async () => { throw new CnbError('CNB_BUILD_FAILED', 'no') }
    clock.advance(15_000)
    const [, port] = /:(\d+)$/.exec(messages().find((message) => message.startsWith('listening')) ?? '') ?? []
    const body = JSON.stringify({ ref: 'refs/heads/main', repository: { clone_url: repository.path } })
    const response = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers: { 'x-github-event': 'push' }, body })
    expect(response.status).toBe(202)
    await until(async () => (await builds()).some(({ metadata }) => metadata.annotations?.['image.kpack.io/reason']?.includes('COMMIT') ?? false))
  })
})

describe('an option', () => {
  it.each<[string, WatchOptions]>([
    ['a number without a unit', { pollGit: '5' }], ['a duration of nothing', { pollImages: '0s' }], ['a negative duration', { pollLocal: '-1m' }], ['a name instead of a port', { listen: 'x' }],
    ['an address of other machines without a secret', { listen: '0.0.0.0:0' }], ['a secret without an address', { webhookSecretFile: 'secret' }], ['an absent secret', { listen: '0', webhookSecretFile: 'absent' }],
    ['an empty secret', { listen: '0', webhookSecretFile: 'empty' }],
  ])('must not be %s', async (_what, options) => {
    await writeFile(join(directory.path, 'empty'), '\n')
    start(options)
    await expect(running).rejects.toMatchObject({ code: 'CNB_USAGE' })
  })

  it('may be hours, minutes and seconds', async () => {
    start({ pollGit: '1h30m', pollBlobs: '90s', listen: '0' })
    clock.advance(MINUTE)
    stop.abort(new CnbError('CNB_INTERRUPTED', 'interrupted'))
    await expect(running).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
  })
})
