/** Whole builds on the fake engine: containers, image, and remaining volumes. */

import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { CnbError } from '../../../../src/base/errors.ts'
import type { ContainerSpec } from '../../../../src/docker/engine.ts'
import { BUILDER, type FakeBuilds, openFakeBuilds } from '../../../support/fakes/fake-builds.ts'
import { playSession } from '../../../support/fakes/fake-session.ts'

let builds: FakeBuilds

beforeEach(async () => {
  builds = await openFakeBuilds()
})

/** The containers in which code of the builder image could run. */
const runContainers = (): ContainerSpec[] => builds.engine.created.filter(({ command }) => command[0] !== '/cnb/lifecycle/launcher')
const NOTHING = { containers: 0, volumes: [] }
const CACHES = { containers: 0, volumes: ['cnb-cache-library_my-app_latest.layers', 'cnb-cache-library_my-app_latest.record'] }

/** The two ways of running detector and builder. */
const ways: [string, () => void][] = [
  ['one container', () => {}],
  ['two containers, for a builder without a shell', () => void builds.engine.programs.delete('/bin/sh')],
]

describe.each(ways)('a build in %s', (way, choose) => {
  const isScripted = way === 'one container'
  beforeEach(() => choose())

  test('creates an image of run image, layers, app and launcher, which starts its process', async () => {
    const result = await builds.build({ tags: ['my-app:1.0'] })
    expect(Object.fromEntries(await builds.contents())).toMatchObject({
      '/etc/run': 'run image',
      '/layers/test_node/dist/bin/node': 'node',
      '/workspace/server.js': 'serve()',
      '/cnb/lifecycle/launcher': 'the launcher',
      '/layers/config/metadata.toml': expect.stringContaining('type = "web"') as string,
    })
    const image = await builds.image('my-app:1.0')
    expect(image).toMatchObject({ id: result.id, created: '1980-01-01T00:00:01Z', config: { Entrypoint: ['/cnb/process/web'], User: '1001:1000', WorkingDir: '/workspace' } })
    expect(result).toMatchObject({
      image: 'my-app:latest', tags: ['my-app:1.0'], builder: BUILDER, runImage: 'some/run', platformApi: '0.15', places: ['engine'],
      buildpacks: [{ id: 'test/node', version: '1.0.0' }], processes: [{ type: 'web', default: true }],
    })
    expect(result.phases.map(({ phase }) => phase)).toEqual(['analyzer', 'detector', 'restorer', 'builder', 'exporter'])
  })

  test('creates the same image in both ways', async () => {
    const here = await builds.build()
    const plain = await openFakeBuilds()
    expect(here.id).toBe((await plain.build()).id)
  })

  test('never runs code of the builder with the socket, a capability, or as root', async () => {
    await builds.build()
    for (const spec of runContainers()) {
      expect(spec).toMatchObject({ user: '1001:1000', capDrop: ['ALL'], securityOpt: ['no-new-privileges'] })
      expect(spec.capAdd).toBeUndefined()
      expect(spec.mounts?.every(({ type, target }) => type === 'volume' && target === '/layers')).toBe(true)
      expect(spec.env?.filter((line) => /DOCKER|AUTH|TOKEN/.test(line))).toEqual([])
    }
  })

  test('passes limits, network and proxies to the containers', async () => {
    Object.assign(builds.host.env, { HTTP_PROXY: 'http://proxy:3128' })
    await builds.build({ memory: '64m', cpus: '1.5', pidsLimit: 20, network: 'host' })
    const last = runContainers().at(-1)
    expect(last).toMatchObject({ memory: 64 << 20, cpus: 1.5, pidsLimit: 20, network: 'host' })
    expect(last?.env).toContain('HTTP_PROXY=http://proxy:3128')
  })

  test("runs buildpacks with the app, the user's environment and the result of the analysis", async () => {
    let seen: (string | undefined)[] = []
    builds.detect = ({ files, args, env }) => {
      seen = ['/workspace/server.js', '/platform/env/GREETING'].map((path) => files.read(path)?.toString())
      seen.push(args.join(' '), env['CNB_PLATFORM_API'], String(files.read('/layers/analyzed.toml')?.includes('run-image')))
    }
    await builds.build({ env: ['GREETING=hello'], verbose: true })
    expect(seen).toEqual(['serve()', 'hello', '-log-level debug -app /workspace', '0.15', 'true'])
  })

  test.each([
    ['detector', 20, 'CNB_DETECT_FAILED'],
    ['builder', 51, 'CNB_BUILD_FAILED'],
  ] as const)('fails with the exit code and last error of the %s, and leaves nothing', async (phase, exit, code) => {
    const fail: FakeBuilds['detect'] = ({ stderr }) => (stderr?.write('ERROR: it broke\n'), exit)
    if (phase === 'detector') builds.detect = fail
    else builds.work = (_, process) => fail(process)
    await expect(builds.build()).rejects.toMatchObject({ code, exit, message: expect.stringContaining('it broke') as string })
    expect(builds.events).toContainEqual(expect.objectContaining({ type: 'phase.end', phase, exitCode: exit }))
    expect(await builds.leftOvers()).toEqual(NOTHING)
    expect(await builds.engine.images.inspect('my-app')).toBeUndefined()
  })

  test.each(['detector', 'builder'] as const)('leaves nothing after an interrupt in the %s', async (phase) => {
    const abort = new AbortController()
    const stop = (): Promise<never> => {
      abort.abort(new CnbError('CNB_INTERRUPTED', 'interrupted'))
      return new Promise(() => {})
    }
    if (phase === 'detector') builds.detect = stop
    else builds.work = stop
    await expect(builds.build({}, abort.signal)).rejects.toMatchObject({ code: 'CNB_INTERRUPTED', exit: 130 })
    expect(await builds.leftOvers()).toEqual(NOTHING)
  })

  test('leaves nothing and keeps the image name if the export fails', async () => {
    const before = await builds.build()
    const kept = await builds.leftOvers()
    await expect(builds.build({ defaultProcess: 'worker' })).rejects.toMatchObject({ code: 'CNB_EXPORT_FAILED', hint: expect.stringContaining('web') as string })
    expect((await builds.image()).id).toBe(before.id)
    expect(await builds.leftOvers()).toEqual(kept)
  })

  test(isScripted ? 'keeps its layers for the next' : 'keeps none of its layers', async () => {
    await builds.build()
    expect(await builds.leftOvers()).toEqual(isScripted ? CACHES : { containers: 0, volumes: [CACHES.volumes[1]] })
  })

  test("writes SBOM files and the report to the user's directories", async () => {
    builds.work = (made) => {
      made.layer('dist', { launch: true, files: { 'bin/node': 'node' } })
      made.write('sbom/launch/test_node/dist/sbom.cdx.json', '{"bomFormat":"CycloneDX"}')
    }
    const out = join(builds.host.home, 'out')
    await mkdir(out)
    const { id } = await builds.build({ sbomOutputDir: out, reportOutputDir: out })
    expect((await readdir(out)).sort()).toEqual(['launch', 'report.toml'])
    expect(await readFile(join(out, 'launch/test_node/dist/sbom.cdx.json'), 'utf8')).toBe('{"bomFormat":"CycloneDX"}')
    expect(await readFile(join(out, 'report.toml'), 'utf8')).toContain(id.replace('sha256:', ''))
    expect((await builds.contents()).get('/layers/sbom/launch/test_node/dist/sbom.cdx.json')).toBe('{"bomFormat":"CycloneDX"}')
  })
})

test('builds in two containers with a builder that has a shell but no GNU tools', async () => {
  builds.engine.programs.set('/bin/sh', playSession(builds.engine, { hasTools: false }))
  await builds.build()
  expect(runContainers().map(({ command: [program] }) => program)).toEqual(['/bin/sh', '/cnb/lifecycle/detector', '/cnb/lifecycle/builder'])
  expect(await builds.leftOvers()).toEqual({ containers: 0, volumes: [CACHES.volumes[1]] })
})

test("fails with CNB_PHASE_FAILED if the container is killed", async () => {
  // As if memory ran out: the first process is killed without a message.
  builds.engine.programs.set('/bin/sh', async () => 137)
  await expect(builds.build()).rejects.toMatchObject({ code: 'CNB_PHASE_FAILED' })
  expect(await builds.leftOvers()).toEqual(NOTHING)
})

test('fails if the builder image cannot be started for another reason than a missing shell', async () => {
  builds.engine.programs.set('/bin/sh', () => Promise.reject(new CnbError('CNB_ENGINE_FAILED', 'no more processes')))
  await expect(builds.build()).rejects.toMatchObject({ code: 'CNB_ENGINE_FAILED' })
  expect(await builds.leftOvers()).toEqual(NOTHING)
})

test('removes the remains of killed runs before it creates anything', async () => {
  let created: number | undefined
  builds.sweep = async () => void (created ??= builds.engine.created.length)
  await builds.build()
  expect(created).toBe(0)
})

test('rejects a group that no detector writes', async () => {
  builds.detect = ({ files }) => files.write('/layers/group.toml', '[[group]]\nid = ".."\nversion = "1"\napi = "0.11"\n')
  await expect(builds.build()).rejects.toMatchObject({ code: 'CNB_DETECT_FAILED' })
  expect(await builds.leftOvers()).toEqual(NOTHING)
})

test('fails the export if a buildpack replaced its directory by a link', async () => {
  builds.work = (made) => {
    made.files.remove('/layers/test_node')
    made.files.write('/layers/test_node', '', { type: 'symlink', linkname: '/etc', uid: 1001, gid: 1000 })
  }
  await expect(builds.build()).rejects.toMatchObject({ code: 'CNB_EXPORT_FAILED' })
})
