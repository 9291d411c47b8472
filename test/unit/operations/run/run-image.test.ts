import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { beforeEach, describe, expect, it } from 'vitest'
import type { CnbEvent } from '../../../../src/base/events.ts'
import { OWNER_LABEL } from '../../../../src/docker/engine.ts'
import { engineRefusal } from '../../../../src/docker/engine-errors.ts'
import { runImage, type RunOptions } from '../../../../src/operations/run/run-image.ts'
import { loadImage } from '../../../engine/images/crafted.ts'
import { FakeEngine } from '../../../support/fakes/fake-engine.ts'
import { type AppChanges, craftApp } from '../../../support/images/crafted-app.ts'

let engine: FakeEngine
let events: CnbEvent[]

beforeEach(() => {
  engine = new FakeEngine({ hasInit: true })
  events = []
})

async function load(changes: AppChanges = {}): Promise<void> {
  const { layers, config } = await craftApp({ config: { Entrypoint: ['/cnb/process/web'] }, ...changes })
  await loadImage(engine, 'my/app', { layers, config })
}

/** Runs `my/app`. @param stop aborted to stop it */
async function run(options: Partial<RunOptions> = {}, { stop = new AbortController(), kill = new AbortController() } = {}) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const services = { engine, host: { env: { HOME_TOWN: 'Oslo' }, cwd: '/', home: '/nowhere' }, owner: 'me', sweep: async () => {}, credentials: async () => undefined }
  const result = await runImage({ image: 'my/app', ...options }, services, { output: { stdout, stderr }, kill: kill.signal }, { signal: stop.signal, events: (event) => events.push(event) })
  return { result, stdout: await text(stdout.end()), stderr: await text(stderr.end()) }
}

describe('cnb run', () => {
  it("starts the default process with PORT, and returns the app's exit code", async () => {
    await load()
    engine.programs.set('/cnb/process/web', async ({ stdout, stderr, env, args }) => {
      stdout?.write(`port ${env['PORT']}, ${env['HOME_TOWN']}, ${args.join()}`)
      stderr?.write('oops')
      return 7
    })
    const { result, stdout, stderr } = await run({ env: ['HOME_TOWN'], args: ['--fast'] })
    expect([stdout, stderr]).toEqual(['port 8080, Oslo, --fast', 'oops'])
    expect(result).toMatchObject({ image: 'my/app', process: 'web', exitCode: 7, ports: [{ container: 8080, port: 8080, address: '127.0.0.1' }] })
    expect(engine.created[0]).toMatchObject({ init: true, labels: { [OWNER_LABEL]: 'me' } })
    expect(engine.state.size).toBe(0)
    expect(events).toContainEqual(expect.objectContaining({ type: 'app.start', image: 'my/app', process: 'web', url: 'http://localhost:8080' }))
  })

  it('starts a named process', async () => {
    await load()
    engine.programs.set('/cnb/process/worker', async () => 0)
    expect((await run({ process: 'worker' })).result).toMatchObject({ process: 'worker', exitCode: 0 })
  })

  it('selects a process of an old lifecycle by its variable', async () => {
    await load({ config: { Entrypoint: ['/cnb/lifecycle/launcher'], Env: ['CNB_PROCESS_TYPE=web'] } })
    engine.programs.set('/cnb/lifecycle/launcher', async ({ env }) => (env['CNB_PROCESS_TYPE'] === 'worker' ? 0 : 1))
    expect((await run({ process: 'worker' })).result.exitCode).toBe(0)
  })

  it('lists the processes if the named one does not exist, or none is the default', async () => {
    await load()
    await expect(run({ process: 'nope' })).rejects.toMatchObject({ code: 'CNB_USAGE', message: "the image my/app has no process 'nope'", hint: 'Use one of web, worker.' })
    await load({ config: { Entrypoint: ['/cnb/lifecycle/launcher'] } })
    await expect(run()).rejects.toMatchObject({ code: 'CNB_USAGE', hint: 'Select one with --process: web, worker.' })
    expect(engine.created).toEqual([])
  })

  it('stops the app on an abort, returns its exit code, and removes the container', async () => {
    await load()
    const stop = new AbortController()
    engine.programs.set('/cnb/process/web', () => (stop.abort(), new Promise(() => {})))
    expect((await run({}, { stop })).result.exitCode).toBe(143)
    expect(engine.state.size).toBe(0)
  })

  it('kills an app that does not end', async () => {
    await load()
    const [stop, kill] = [new AbortController(), new AbortController()]
    const { containers } = engine
    const create = containers.create.bind(containers)
    engine.containers.create = async (...given) => Object.assign(await create(...given), { stop: async () => kill.abort() })
    engine.programs.set('/cnb/process/web', () => (stop.abort(), new Promise(() => {})))
    await expect(run({}, { stop, kill })).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
    expect(engine.state.size).toBe(0)
  })

  it('leaves a detached app to the engine, without an owner', async () => {
    await load()
    engine.programs.set('/cnb/process/web', () => new Promise(() => {}))
    expect((await run({ detach: true, name: 'web' })).result).toMatchObject({ name: 'web', url: expect.stringContaining(':8080') as string })
    expect([...engine.state.values()].map(({ spec }) => [spec.detached, spec.labels])).toEqual([[true, undefined]])
  })

  it('removes a detached app that cannot start', async () => {
    await load()
    await expect(run({ detach: true })).rejects.toMatchObject({ message: expect.stringContaining('no such file') as string })
    expect(engine.state.size).toBe(0)
  })

  it('names the option for another port if a container has it', async () => {
    await load()
    const { containers } = engine
    const create = containers.create.bind(containers)
    const attach = () => Promise.reject(engineRefusal('cannot start the container', 500, 'Bind for 127.0.0.1:8080 failed: port is already allocated'))
    engine.containers.create = async (...given) => Object.assign(await create(...given), { attach })
    await expect(run()).rejects.toMatchObject({ code: 'CNB_ENGINE_FAILED', hint: expect.stringContaining('--port 8081:8080') as string })
  })
})
