import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../../../src/base/files.ts'
import type { CommandContext } from '../../../../../src/cli/command.ts'
import { runPruneCaches } from '../../../../../src/cli/commands/cache/prune-handler.ts'
import { runListCaches, runMeasureCaches } from '../../../../../src/cli/commands/cache/show-handler.ts'
import { CACHE_LABELS, cacheVolumes, volumeKey } from '../../../../../src/lifecycle/cache-volumes.ts'
import { parseTag } from '../../../../../src/oci/reference.ts'
import { makeTheme } from '../../../../../src/ui/theme.ts'
import { FakeEngine } from '../../../../support/fakes/fake-engine.ts'

let home: TemporaryDirectory
let engine: FakeEngine
beforeEach(async () => {
  home = await makeTemporaryDirectory()
  engine = new FakeEngine()
  const image = parseTag('app')
  const { layers, record } = cacheVolumes(image, await volumeKey(image, host()))
  for (const name of [layers, record]) await engine.volumes.create(name, CACHE_LABELS)
})
afterEach(() => home[Symbol.asyncDispose]())

const host = () => ({ env: {}, home: home.path, cwd: '/' })
const session = (answer?: boolean): CommandContext => {
  const confirm = answer === undefined ? {} : { confirm: async (question: string) => Boolean(questions.push(question)) && answer }
  return { host: host(), context: {}, services: async () => ({ engine, host: host() }), ...confirm } as unknown as CommandContext
}
let questions: string[]
beforeEach(() => void (questions = []))
const left = async (): Promise<number> => (await engine.volumes.list()).length
const theme = makeTheme(false)

test('refuses to remove without a terminal and --force', async () => {
  await expect(runPruneCaches([], { all: true }, session())).rejects.toMatchObject({ code: 'CNB_USAGE', hint: expect.stringContaining('--force') as string })
  expect(await left()).toBe(2)
})

test('removes nothing without a yes to its question', async () => {
  const outcome = await runPruneCaches([], { all: true }, session(false))
  expect({ exit: outcome.exit, text: outcome.text(theme), left: await left() }).toEqual({ exit: 1, text: 'Nothing is removed', left: 2 })
  expect(questions).toEqual(['This removes 1 cache with 2 volumes, 0 B:\n  app:latest\nRemove them?'])
  expect((await runPruneCaches([], { all: true }, session(true))).text(theme)).toContain('Removed 1 cache with 2 volumes, 0 B')
  expect(await left()).toBe(0)
})

test('shows removable caches with exit code 3, and needs no answer without any', async () => {
  const dry = await runPruneCaches([], { all: true, dryRun: true }, session())
  expect({ exit: dry.exit, last: dry.text(theme).split('\n').at(-1), left: await left() }).toEqual({ exit: 3, last: 'Would remove 1 cache with 2 volumes, 0 B', left: 2 })
  await runPruneCaches([], { all: true, force: true }, session())
  const none = await runPruneCaches([], { all: true }, session(true))
  expect([none.exit, none.text(theme), questions]).toEqual([0, 'No cache to remove', []])
})

test('lists and measures caches', async () => {
  const [list, usage] = [await runListCaches('', {}, session()), await runMeasureCaches('', {}, session())]
  expect(list.text(theme).split('\n').slice(0, 2)).toEqual(['  IMAGE       VOLUMES  LAST USED', '  app:latest        2  0s ago'])
  expect(usage.text(theme).split('\n').slice(0, 2)).toEqual(['  IMAGE       TOTAL  LAYERS  RECORDS', '  app:latest    0 B     0 B      0 B'])
  expect(list.data).toMatchObject({ images: [{ image: 'app:latest', own: true, inUse: false, volumes: [{ kind: 'layers' }, { kind: 'record' }] }], directory: { size: 0 } })
})

test('shows names from an engine without control sequences', async () => {
  await engine.volumes.create('cnb-cache-\u001b[2Jwiped_latest-0123456789ab.layers', CACHE_LABELS)
  await runPruneCaches([], { all: true, otherKeys: true }, session(false))
  expect(questions[0]).toContain('wiped')
  expect(questions[0]).not.toContain('\u001b')
})
