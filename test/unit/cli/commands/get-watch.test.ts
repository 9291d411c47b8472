import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { makeTemporaryDirectory } from '../../../../src/base/files.ts'
import { CnbError } from '../../../../src/base/errors.ts'
import type { CommandContext } from '../../../../src/cli/command.ts'
import { runGet } from '../../../../src/cli/commands/resources/get-handler.ts'
import { openState } from '../../../../src/operations/resources/open-state.ts'
import type { Build } from '../../../../src/resources/kinds/build.ts'
import { keyOf } from '../../../../src/state/resource-key.ts'
import type { Store } from '../../../../src/state/store.ts'

let store: Store
let state: string
const host = { env: {}, cwd: '/', home: '/' }

beforeEach(async () => {
  const directory = await makeTemporaryDirectory('cnb-test-')
  onTestFinished(() => directory[Symbol.asyncDispose]())
  state = directory.path
  store = await openState(state, host)
})

const build = (name: string): Build => ({ apiVersion: 'kpack.io/v1alpha2', kind: 'Build', metadata: { name, namespace: 'default' }, spec: { tags: ['r/app'], builder: { image: 'r/b' }, source: {} } })

async function finish(name: string, latestImage: string): Promise<void> {
  const stored = await store.read(keyOf(build(name)))
  await store.writeStatus(keyOf(build(name)), { latestImage, conditions: [{ type: 'Succeeded', status: 'True' }] }, stored!.version)
}

/** Starts `cnb get --watch`; `next` returns its next output. */
function startWatch(given: readonly string[], output = 'human') {
  const stop = new AbortController()
  onTestFinished(() => stop.abort())
  const printed: string[] = []
  let wake = (): void => {}
  const print = (text: string): void => {
    printed.push(text)
    wake()
  }
  const session = { host, context: { signal: stop.signal }, output, print } as unknown as CommandContext
  const ended = runGet(given, { state, watch: true }, session).then(() => undefined, (error: unknown) => error)
  const next = async (): Promise<string> => {
    while (printed.length === 0) await Promise.race([new Promise<void>((resolve) => (wake = resolve)), ended.then((error) => Promise.reject(error as Error))])
    return printed.shift()!
  }
  return { next, ended, stop }
}

test('prints a table, then a row for each change, and stops when it is interrupted', async () => {
  await store.write(build('a'))
  const { next, ended, stop } = startWatch(['builds'])
  expect(await next()).toBe('NAME   IMAGE   SUCCEEDED\na              ')
  await finish('a', 'registry.example/a')
  expect(await next()).toBe('a      registry.example/a   True')
  await store.write(build('other'))
  expect(await next()).toBe('other                        ')
  await store.remove(keyOf(build('a')))
  expect(await next()).toBe('a       registry.example/a   True')
  stop.abort(new CnbError('CNB_INTERRUPTED', 'interrupted'))
  expect(await ended).toMatchObject({ code: 'CNB_INTERRUPTED' })
})

test('prints the changes of one name only, and names and documents as kubectl does', async () => {
  for (const name of ['a', 'b']) await store.write(build(name))
  const [names, yaml, field] = [startWatch(['build', 'b'], 'name'), startWatch(['build/b'], 'yaml'), startWatch(['builds'], 'jsonpath={.status.latestImage}')]
  expect(await names.next()).toBe('build.kpack.io/b')
  expect(await yaml.next()).toMatch(/^apiVersion: kpack.io/)
  expect([await field.next(), await field.next()]).toEqual(['', ''])
  await finish('a', 'r/a')
  expect(await field.next()).toBe('r/a')
  await finish('b', 'r/b')
  expect([await names.next(), await field.next()]).toEqual(['build.kpack.io/b', 'r/b'])
  expect(await yaml.next()).toMatch(/^---\napiVersion: kpack.io[^]*latestImage: r\/b/)
})

test.each([[['builds,images']], [['build/a', 'build/b']], [['build', 'a', 'b']]])('refuses %j', async (given) => {
  expect(await startWatch(given).ended).toMatchObject({ code: 'CNB_USAGE' })
})

test('refuses a name that does not exist', async () => {
  expect(await startWatch(['build', 'absent']).ended).toMatchObject({ code: 'CNB_RESOURCE_NOT_FOUND' })
})
