/** Detection without a build, on an engine. */

import { afterAll, beforeAll, expect, it } from 'vitest'
import type { DetectedApp } from '../../../src/operations/build/detection/detect-app.ts'
import { runCnb, succeed, succeedJson } from '../../support/cnb.ts'
import { dockerfile, EXTENSION_BUILDER, makeExtensionBuilder, removeExtensionBuilder } from '../../support/extension-builder.ts'
import { watchEngine } from '../../support/engines/left-behind.ts'
import { appFiles, USING_BUILDER } from '../../support/script-builder.ts'
import { makeWorkbench } from '../../support/workbench.ts'

const bench = await makeWorkbench()

beforeAll(async () => makeExtensionBuilder(await bench.directory({})))
afterAll(async () => {
  await bench.clear()
  await removeExtensionBuilder()
})

it('prints the group that fits, and leaves nothing on the engine', async () => {
  const app = await bench.directory(appFiles('', {}, 'echo "[[provides]]\nname = \\"tool\\"\n[[requires]]\nname = \\"tool\\"" >"$CNB_BUILD_PLAN_PATH"'))
  const leftBehind = await watchEngine()
  const { buildpacks, buildPlan, tried } = await succeedJson<DetectedApp>(['plan', app, ...USING_BUILDER])
  expect(buildpacks).toHaveLength(1)
  expect(buildPlan).toMatchObject([{ name: 'tool', providers: buildpacks }])
  expect(tried).toMatchObject([{ modules: [{ result: 'pass' }] }])
  expect((await leftBehind()).filter((item) => item.includes('cnb-plan') || item.startsWith('container '))).toEqual([])
  expect((await succeed(['plan', '--path', app, ...USING_BUILDER])).stdout).toMatch(/Fits: \S+@/)
})

it('prints why no group fits, with the error of a build', async () => {
  const app = await bench.directory(appFiles('', {}, 'echo "no manifest here"; exit 100'))
  const plan = await runCnb(['plan', app, ...USING_BUILDER])
  const build = await runCnb(['build', bench.image(), '--path', app, ...USING_BUILDER])
  expect([plan.code, build.code]).toEqual([20, 20])
  expect(plan.stdout).toMatch(/fail +exit code 100/)
  expect(plan.stdout).toContain('no manifest here')
  const errorOf = (text: string): string => text.slice(text.lastIndexOf('ERROR: detector'))
  expect(errorOf(plan.stderr)).toBe(errorOf(build.stderr))
})

it('prints the run image that an extension chooses', async () => {
  const app = await bench.directory(appFiles('', { 'extension/first/generate': dockerfile('run', 'RUN true') }))
  const { extensions, extendedRunImage } = await succeedJson<DetectedApp>(['plan', app, '--builder', EXTENSION_BUILDER, '--pull-policy', 'never'])
  expect(extensions.length).toBeGreaterThan(0)
  expect(extendedRunImage).toMatchObject({ extend: true })
})
