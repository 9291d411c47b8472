import { beforeEach, expect, test } from 'vitest'
import { detectApp } from '../../../../../src/operations/build/detection/detect-app.ts'
import { BUILDER, type FakeBuilds, openFakeBuilds, RUN_IMAGE } from '../../../../support/fakes/fake-builds.ts'
import type { FakeProcess } from '../../../../support/fakes/fake-engine.ts'

let builds: FakeBuilds

beforeEach(async () => {
  builds = await openFakeBuilds()
})

const detect = (options = {}) => detectApp({ builder: BUILDER, pullPolicy: 'never', ...options }, builds, {})
const PLAN = '[[entries]]\n[[entries.providers]]\nid = "test/node"\nversion = "1.0.0"\n[[entries.requires]]\nname = "node"\n[entries.requires.metadata]\nversion = "20.*"\n'

test('returns group, build plan and images, and leaves nothing on the engine', async () => {
  builds.detect = (process: FakeProcess) => {
    process.files.write('/layers/plan.toml', PLAN)
    expect(process.files.read('/workspace/server.js')?.toString()).toBe('serve()')
  }
  const { result, error } = await detect()
  expect(error).toBeUndefined()
  expect(result).toMatchObject({
    app: builds.app, platform: 'linux/amd64', platformApi: '0.15', lifecycle: '0.21.0', builder: { image: BUILDER }, runImage: { image: RUN_IMAGE },
    buildpacks: [{ id: 'test/node', version: '1.0.0' }], extensions: [], buildPlan: [{ name: 'node', providers: [{ id: 'test/node', version: '1.0.0' }], requires: [{ version: '20.*' }] }],
  })
  expect(result.decisions.find(({ subject }) => subject.kind === 'run image')?.reason).toContain('builder')
  expect(await builds.leftOvers()).toEqual({ containers: 0, volumes: [] })
  expect(builds.engine.created.filter(({ command }) => command[0]?.startsWith('/cnb/lifecycle/')).map(({ command }) => command[0])).toEqual(['/cnb/lifecycle/detector'])
})

test('runs the detector with the log level debug', async () => {
  await detect()
  expect(builds.engine.created[0]?.command).toEqual(expect.arrayContaining(['-log-level', 'debug']))
})

test('returns the error of a build and the tried groups if no group fits', async () => {
  builds.detect = ({ stdout }: FakeProcess) => {
    for (const line of ['======== Output: test/node@1.0.0 ========', 'no server', '======== Results ========', 'fail: test/node@1.0.0', 'ERROR: failed to detect: no buildpacks participating']) stdout?.write(`${line}\n`)
    return 20
  }
  const { result, error } = await detect()
  const failed = await builds.build().catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'CNB_DETECT_FAILED', exit: 20, message: (failed as Error).message })
  expect(result).toMatchObject({ buildpacks: [], tried: [{ modules: [{ id: 'test/node', result: 'fail', exitCode: 100 }] }], outputs: [{ module: 'test/node@1.0.0', lines: ['no server'] }] })
})

test('fails as a build does if the detector prints no results', async () => {
  builds.detect = () => 20
  await expect(detect()).rejects.toMatchObject({ code: 'CNB_DETECT_FAILED' })
})
