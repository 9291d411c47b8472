import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { packTar, type TarEntry } from '../../../../src/archive/tar/tar-writer.ts'
import { CnbError } from '../../../../src/base/errors.ts'
import type { CnbEvent } from '../../../../src/base/events.ts'
import type { BuildPlan } from '../../../../src/lifecycle/lifecycle.ts'
import type { Phase } from '../../../../src/lifecycle/phase.ts'
import { stockLifecycle } from '../../../../src/lifecycle/stock/stock-lifecycle.ts'
import { FakeEngine, type FakeProgram } from '../../../support/fakes/fake-engine.ts'
import { loadFakeImage } from '../../../support/fakes/fake-image.ts'
import { aBuilder, anImage, aPlan } from '../../../support/plans.ts'

const PHASES: readonly Phase[] = ['analyzer', 'detector', 'restorer', 'builder', 'exporter']
async function* app(): AsyncGenerator<TarEntry> {
  yield { type: 'file', name: 'workspace/hello', mode: 0o644, uid: 1, gid: 1, mtime: 0, size: 2, content: Buffer.from('hi') }
}
async function* failing(error: CnbError): AsyncGenerator<TarEntry> {
  yield* app()
  throw error
}

let engine: FakeEngine
let imageId: string

beforeEach(async () => {
  engine = new FakeEngine()
  imageId = await loadFakeImage(engine, 'some/builder')
  // The image that exporter and creator create.
  await loadFakeImage(engine, 'my-app')
  for (const phase of [...PHASES, 'creator']) program(phase, () => Promise.resolve(0))
})

function program(phase: string, run: FakeProgram): void {
  engine.programs.set(`/cnb/lifecycle/${phase}`, run)
}

function plan(changes: Partial<BuildPlan> = {}): BuildPlan {
  const builder = aBuilder({ image: anImage({ reference: 'some/builder', id: imageId }), uid: 1001, gid: 1000 })
  // The fake engine's host has no sockets to mount.
  return aPlan({ builder, appEntries: app, dockerHost: 'tcp://engine:2375', ...changes })
}

function run(changes: Partial<BuildPlan> = {}, signal?: AbortSignal) {
  const events: CnbEvent[] = []
  const result = stockLifecycle({ engine, owner: 'me:1:2', sweep: async () => {}, home: '/home/me' }).open(plan(changes), { signal, events: (event) => events.push(event) }).run(plan(changes))
  return { result, events }
}

async function leftOvers() {
  const volumes = [...(await engine.volumes.list('dev.cnb.owner')), ...(await engine.volumes.list('dev.cnb.cache'))]
  return { containers: engine.state.size, volumes: volumes.map(({ name }) => name).sort() }
}

const NOTHING = { containers: 0, volumes: [] }
const CACHES = { containers: 0, volumes: ['some-cache.build', 'some-cache.launch'] }

test('refuses a cache directory that cannot be created, before the first phase', async () => {
  program('analyzer', () => Promise.reject(new Error('it runs')))
  const { result } = run({ cacheDirectory: join(import.meta.filename, 'cache') })
  await expect(result).rejects.toMatchObject({ code: 'CNB_OUTPUT', message: expect.stringContaining('cannot create the cache directory') as string })
  expect(await leftOvers()).toEqual(NOTHING)
})

test('suggests the native driver if a phase has no permission to use the socket', async () => {
  program('analyzer', async ({ stdout }) => {
    stdout?.write('ERROR: failed to connect to docker socket: dial unix /cnb-engine.sock: connect: permission denied\n')
    return 1
  })
  await expect(run().result).rejects.toMatchObject({ exit: 1, hint: expect.stringContaining("Leave out '--lifecycle stock'") as unknown })
})

test('runs five phases in order, each with the Platform API', async () => {
  const seen: string[] = []
  for (const phase of PHASES) {
    program(phase, async ({ env }) => {
      seen.push(`${phase} ${env['CNB_PLATFORM_API']}`)
      return 0
    })
  }
  const { phases } = await run().result
  expect(seen).toEqual(PHASES.map((phase) => `${phase} 0.15`))
  expect(phases.map(({ phase }) => phase)).toEqual(PHASES)
})

test('passes app, environment, order and bindings to detector and builder, without access to the engine', async () => {
  const order = [{ group: [{ id: 'a/b', version: '1' }] }]
  const bindings = [{ name: 'ca', files: new Map([['type', Buffer.from('ca-certificates')]]) }]
  for (const phase of ['detector', 'builder']) {
    program(phase, async ({ files, env, user }) => {
      expect(files.read('/workspace/hello')?.toString()).toBe('hi')
      expect(files.read('/platform/env/GREETING')?.toString()).toBe('a=b\n')
      expect(files.read('/platform/bindings/ca/type')?.toString()).toBe('ca-certificates')
      expect(files.read('/layers/order.toml')?.toString()).toContain('id = "a/b"')
      expect(env).not.toHaveProperty('GREETING')
      expect(env).not.toHaveProperty('DOCKER_HOST')
      expect(user).toBe('1001:1000')
      return 0
    })
  }
  await run({ order: { buildpacks: order, extensions: [] }, bindings, env: new Map([['GREETING', 'a=b\n']]) }).result
})

test("uses the builder's order if the user chose none", async () => {
  program('detector', async ({ files }) => {
    expect(files.read('/layers/order.toml')).toBeUndefined()
    return 0
  })
  await run().result
})

test('runs analyzer, restorer and exporter as root with access to the engine and its API version', async () => {
  for (const phase of ['analyzer', 'restorer', 'exporter']) {
    program(phase, async ({ env, user }) => {
      expect(env).toMatchObject({ DOCKER_HOST: 'tcp://engine:2375', DOCKER_API_VERSION: '1.41' })
      expect(user).toBe('0:0')
      return 0
    })
  }
  await run().result
})

test('lets no phase get new privileges, also not those with the socket', async () => {
  await run().result
  const phases = engine.created.filter(({ command }) => command[0]?.startsWith('/cnb/lifecycle/'))
  expect(phases.map(({ securityOpt }) => securityOpt?.includes('no-new-privileges'))).toEqual(PHASES.map(() => true))
})

test('runs the phases without buildpacks in the image of the lifecycle, with the build user of the builder', async () => {
  const phaseImage = await loadFakeImage(engine, 'some/lifecycle', { User: '', Env: [] }, { 'cnb/of-the-lifecycle': '' })
  const seen: string[] = []
  for (const phase of PHASES) {
    program(phase, async ({ files, env }) => {
      seen.push(`${phase} ${files.read('/cnb/of-the-lifecycle') ? 'lifecycle' : 'builder'} ${env['CNB_USER_ID']}:${env['CNB_GROUP_ID']}`)
      return 0
    })
  }
  await run({ phaseImage }).result
  expect(seen).toEqual(['analyzer lifecycle 1001:1000', 'detector builder 1001:1000', 'restorer lifecycle 1001:1000', 'builder builder 1001:1000', 'exporter lifecycle 1001:1000'])
})

test('runs a trusted builder in one container, and turns its headers into phases', async () => {
  program('creator', async ({ stdout, files }) => {
    expect(files.read('/workspace/hello')?.toString()).toBe('hi')
    stdout?.write('===> ANALYZING\nx\n===> EXPORTING\n')
    return 0
  })
  const { phases } = await run({ trusted: true }).result
  expect(phases.map(({ phase }) => phase)).toEqual(['analyzer', 'exporter'])
})

test('passes layers, app and files of a phase to the next phase', async () => {
  program('detector', async ({ files }) => {
    files.write('/layers/group.toml', 'made by detector')
    return 0
  })
  program('exporter', async ({ files }) => {
    expect(files.read('/layers/group.toml')?.toString()).toBe('made by detector')
    return 0
  })
  await run().result
})

test("hides the files of a builder's buildpack that another replaces", async () => {
  const layer = (digit: string) => ({ diffId: `sha256:${digit.repeat(64)}` as const, open: async () => packTar([]) })
  const buildpack = (id: string, digit: string) => ({
    origin: `/${id}`,
    descriptor: { kind: 'buildpack' as const, api: '0.11', info: { id, version: '1' }, stacks: [], targets: [], order: [] },
    layer: layer(digit),
  })
  const own = { '1': { api: '0.11', layerDiffID: layer('0').diffId } }
  const builder = aBuilder({ image: anImage({ id: imageId }), buildpackLayers: { 'a/b': own, 'a/same': own } })
  const mounts: string[] = []
  for (const phase of PHASES) {
    program(phase, async () => {
      const running = [...engine.state.values()].find(({ spec }) => spec.command[0] === `/cnb/lifecycle/${phase}`)
      for (const mount of running?.spec.mounts ?? []) {
        if (mount.type === 'volume' && mount.empty) mounts.push(`${phase} ${mount.target}`)
      }
      return 0
    })
  }
  const buildpacks = [buildpack('a/b', '1'), buildpack('a/b', '1'), buildpack('a/same', '0'), buildpack('a/new', '2')]
  await run({ builder, buildpacks }).result
  expect(mounts).toEqual(['detector /cnb/buildpacks/a_b/1', 'builder /cnb/buildpacks/a_b/1'])
  expect(await leftOvers()).toEqual(CACHES)
})

test('fails with a hint if the socket does not exist', async () => {
  const { result } = run({ dockerHost: undefined })
  await expect(result).rejects.toMatchObject({ code: 'CNB_ENGINE_SOCKET', hint: expect.stringContaining('--docker-host') as string })
  expect(await leftOvers()).toEqual(NOTHING)
})

test('fails with CNB_BUILDER_INVALID if the builder lacks a phase', async () => {
  engine.programs.delete('/cnb/lifecycle/restorer')
  await expect(run().result).rejects.toMatchObject({ code: 'CNB_BUILDER_INVALID', message: expect.stringContaining('restorer') as string })
})

test('rejects participating extensions instead of ignoring them', async () => {
  program('detector', async ({ files }) => {
    files.write('/layers/group.toml', '[[group-extensions]]\nid = "e"\nversion = "1"\n')
    return 0
  })
  const orderExtensions = [{ group: [{ id: 'e', version: '1' }] }]
  const builder = aBuilder({ image: anImage({ id: imageId }), orderExtensions })
  await expect(run({ builder }).result).rejects.toMatchObject({ code: 'CNB_UNSUPPORTED' })
  expect(await leftOvers()).toEqual(NOTHING)
})

describe('remaining containers and volumes', () => {
  test('leaves only the caches after a successful build', async () => {
    await run().result
    expect(await leftOvers()).toEqual(CACHES)
  })

  test.each(PHASES)("leaves nothing after a failure in the %s, and reports its exit code and last error", async (phase) => {
    program(phase, async ({ stderr }) => {
      stderr?.write('ERROR: it broke\n')
      return 42
    })
    const { result, events } = run()
    await expect(result).rejects.toMatchObject({ exit: 42, message: expect.stringContaining('it broke') as string })
    expect(events.at(-1)?.type === 'phase.end' || events.some((event) => event.type === 'phase.end' && event.exitCode === 42)).toBe(true)
    expect(await leftOvers()).toEqual(NOTHING)
  })

  test.each(PHASES)('leaves nothing after an interrupt in the %s', async (phase) => {
    const abort = new AbortController()
    program(phase, () => {
      abort.abort(new CnbError('CNB_INTERRUPTED', 'interrupted'))
      return new Promise(() => {})
    })
    await expect(run({}, abort.signal).result).rejects.toMatchObject({ code: 'CNB_INTERRUPTED', exit: 130 })
    expect(await leftOvers()).toEqual(NOTHING)
  })

  test('leaves nothing if the app is unreadable', async () => {
    const appEntries = () => failing(new CnbError('CNB_APP_INVALID', 'no'))
    await expect(run({ appEntries }).result).rejects.toMatchObject({ code: 'CNB_APP_INVALID' })
    expect(await leftOvers()).toEqual(NOTHING)
  })

  test('keeps the caches of earlier builds after a failure', async () => {
    await run().result
    program('builder', () => Promise.resolve(51))
    await expect(run().result).rejects.toMatchObject({ code: 'CNB_BUILD_FAILED', exit: 51 })
    expect(await leftOvers()).toEqual(CACHES)
  })

  test('clears the build cache and keeps the launch cache with --clear-cache', async () => {
    program('exporter', async ({ files }) => {
      files.write('/cache/committed', 'x')
      files.write('/launch-cache/committed', 'x')
      return 0
    })
    await run().result
    program('restorer', async ({ files }) => {
      expect(files.read('/cache/committed')).toBeUndefined()
      return 0
    })
    program('exporter', async ({ files }) => {
      expect(files.read('/launch-cache/committed')?.toString()).toBe('x')
      return 0
    })
    await run({ clearCache: true }).result
  })
})
