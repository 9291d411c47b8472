import { expect, test } from 'vitest'
import { CnbError, type ErrorCode } from '../../../../src/base/errors.ts'
import type { CnbEvent } from '../../../../src/base/events.ts'
import type { Engine, PullOptions } from '../../../../src/docker/engine.ts'
import { findImage, type PullPolicy } from '../../../../src/images/find/pull.ts'
import { image } from '../app-images.ts'

const DIGEST = `sha256:${'d'.repeat(64)}`
const AMD = { os: 'linux', architecture: 'amd64' }

type Answer = string | [ErrorCode, string]

/**
 * An engine whose images have names, and registries that give images or refuse, by the reference that is pulled.
 * @param there the images that the engine has, by name
 */
function setUp(answers: Record<string, Answer>, mirrors: Record<string, string[]>, there: Record<string, string> = {}) {
  const names = new Map(Object.entries(there))
  const log: string[] = []
  const events: CnbEvent[] = []
  const inspect = async (name: string) => (names.has(name) ? { id: names.get(name) } : undefined)
  const engine = {
    images: {
      inspect,
      pull: async (reference: string, options: PullOptions) => {
        log.push(`pull ${reference} as ${options.auth?.username}`)
        const answer = answers[reference] ?? ['CNB_IMAGE_NOT_FOUND', `cannot pull ${reference}: manifest unknown`]
        if (Array.isArray(answer)) throw new CnbError(...answer)
        names.set(reference, answer)
      },
      tag: async (source: string, target: string) => {
        log.push(`tag ${source} ${target}`)
        names.set(target, names.get(source)!)
      },
      remove: async (name: string) => {
        log.push(`remove ${name}`)
        names.delete(name)
      },
    },
  } as unknown as Engine
  const find = async (reference: string, policy: PullPolicy = 'always') => {
    const images = { find: async (name: string) => (names.has(name) ? { ...image({ reference: name, platform: AMD }), id: names.get(name)! } : undefined) }
    const credentials = async (repository: string) => ({ username: `user of ${repository}` })
    const found = await findImage(reference, policy, { engine, credentials, mirrors, images }, { events: (event) => events.push(event) })
    return [found.reference, found.id]
  }
  const told = (type: string): string[] => events.flatMap((event) => (event.type === type && 'message' in event ? String(event.message) : []))
  return { find, log, told, names }
}

test('an image comes from the mirror with the credentials for it, and has its own name only', async () => {
  const { find, log, names } = setUp({ 'm.example/hub/library/run:1': 'new' }, { 'docker.io': ['m.example/hub'] }, { 'docker.io/library/run:1': 'old' })
  expect(await find('docker.io/library/run:1')).toEqual(['docker.io/library/run:1', 'new'])
  expect(log).toEqual([
    'pull m.example/hub/library/run:1 as user of m.example/hub/library/run',
    'tag m.example/hub/library/run:1 docker.io/library/run:1',
    'remove m.example/hub/library/run:1',
  ])
  expect([...names.keys()]).toEqual(['docker.io/library/run:1'])
})

test("a name of the mirror's that the user has on the engine stays", async () => {
  const { find, names } = setUp({ 'm.example/x:1': 'new' }, { '*': ['m.example'] }, { 'm.example/x:1': 'old' })
  await find('r.example/x:1')
  expect(Object.fromEntries(names)).toEqual({ 'm.example/x:1': 'new', 'r.example/x:1': 'new' })
})

test('a mirror that has nothing is passed over silently, one that fails with a warning, and the registry itself is asked last', async () => {
  const { find, log, told } = setUp(
    { 'b.example/x:1': ['CNB_PULL_FAILED', 'cannot pull b.example/x:1: connection refused'], 'r.example/x:1': 'own' },
    { 'r.example': ['a.example', 'b.example'] },
  )
  expect(await find('r.example/x:1')).toEqual(['r.example/x:1', 'own'])
  expect(log.filter((line) => line.startsWith('pull'))).toEqual(['a', 'b', 'r'].map((host) => `pull ${host}.example/x:1 as user of ${host}.example/x`))
  expect(told('warning')).toEqual([expect.stringContaining("the mirror's b.example/x:1 is passed over: cannot pull b.example/x:1: connection refused")])
})

test('the error names the mirrors that were asked', async () => {
  const { find } = setUp({ 'r.example/x:1': ['CNB_PULL_FAILED', 'cannot pull r.example/x:1: no such host'] }, { 'r.example': ['m.example'] })
  await expect(find('r.example/x:1')).rejects.toMatchObject({
    code: 'CNB_PULL_FAILED',
    message: 'cannot pull r.example/x:1: no such host; before that, from a mirror: cannot pull m.example/x:1: manifest unknown',
  })
})

test("the engine's copy does not stand in where the registry refuses, whatever mirrors answer", async () => {
  const answers: Record<string, Answer> = { 'r.example/x:1': ['CNB_PULL_FAILED', 'denied'], 'm.example/x:1': ['CNB_PULL_FAILED', 'no such host'] }
  await expect(setUp(answers, { 'r.example': ['m.example'] }, { 'r.example/x:1': 'old' }).find('r.example/x:1')).rejects.toMatchObject({ code: 'CNB_PULL_FAILED' })
})

test('what is wrong with the engine ends the search', async () => {
  const { find, log } = setUp({ 'm.example/x:1': ['CNB_ENGINE_DISK_FULL', 'no space left'] }, { 'r.example': ['m.example'] })
  await expect(find('r.example/x:1')).rejects.toMatchObject({ code: 'CNB_ENGINE_DISK_FULL' })
  expect(log.filter((line) => line.startsWith('pull'))).toHaveLength(1)
})

test("a digest's image keeps the mirror's name on the engine, and is found by it the next time", async () => {
  const { find, log } = setUp({ [`m.example/x@${DIGEST}`]: 'new' }, { 'r.example': ['m.example'] })
  for (const policy of ['always', 'if-not-present', 'never'] as const) {
    expect(await find(`r.example/x@${DIGEST}`, policy)).toEqual([`r.example/x@${DIGEST}`, 'new'])
  }
  expect(log).toEqual([`pull m.example/x@${DIGEST} as user of m.example/x`])
})

test('a mirror that is no host is an error', async () => {
  await expect(setUp({}, { '*': ['no host'] }).find('r.example/x')).rejects.toMatchObject({ code: 'CNB_USAGE' })
})
