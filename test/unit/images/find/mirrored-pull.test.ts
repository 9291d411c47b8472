import { expect, test } from 'vitest'
import { CnbError, type ErrorCode } from '../../../../src/base/errors.ts'
import type { CnbEvent } from '../../../../src/base/events.ts'
import type { Engine, PullOptions } from '../../../../src/docker/engine.ts'
import { findImage, type PullPolicy } from '../../../../src/images/find/find-image.ts'
import { image } from '../app-images.ts'

const DIGEST = `sha256:${'d'.repeat(64)}`
const AMD = { os: 'linux', architecture: 'amd64' }

type Answer = string | [ErrorCode, string]

/**
 * An engine with image names, and registries that return an image ID or an error for each pulled reference.
 * @param there the engine's images, by name
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
  const messages = (type: string): string[] => events.flatMap((event) => (event.type === type && 'message' in event ? String(event.message) : []))
  return { find, log, messages, names }
}

test("pulls from the mirror with its credentials, and sets only the image's own name", async () => {
  const { find, log, names } = setUp({ 'm.example/hub/library/run:1': 'new' }, { 'docker.io': ['m.example/hub'] }, { 'docker.io/library/run:1': 'old' })
  expect(await find('docker.io/library/run:1')).toEqual(['docker.io/library/run:1', 'new'])
  expect(log).toEqual([
    'pull m.example/hub/library/run:1 as user of m.example/hub/library/run',
    'tag m.example/hub/library/run:1 docker.io/library/run:1',
    'remove m.example/hub/library/run:1',
  ])
  expect([...names.keys()]).toEqual(['docker.io/library/run:1'])
})

test("keeps a mirror's name that the engine had before", async () => {
  const { find, names } = setUp({ 'm.example/x:1': 'new' }, { '*': ['m.example'] }, { 'm.example/x:1': 'old' })
  await find('r.example/x:1')
  expect(Object.fromEntries(names)).toEqual({ 'm.example/x:1': 'new', 'r.example/x:1': 'new' })
})

test('skips a mirror without the image silently and a failing mirror with a warning, and uses the registry last', async () => {
  const { find, log, messages } = setUp(
    { 'b.example/x:1': ['CNB_PULL_FAILED', 'cannot pull b.example/x:1: connection refused'], 'r.example/x:1': 'own' },
    { 'r.example': ['a.example', 'b.example'] },
  )
  expect(await find('r.example/x:1')).toEqual(['r.example/x:1', 'own'])
  expect(log.filter((line) => line.startsWith('pull'))).toEqual(['a', 'b', 'r'].map((host) => `pull ${host}.example/x:1 as user of ${host}.example/x`))
  expect(messages('warning')).toEqual([expect.stringContaining('skipping mirror b.example/x:1: cannot pull b.example/x:1: connection refused')])
})

test("adds the mirrors' errors to the error", async () => {
  const { find } = setUp({ 'r.example/x:1': ['CNB_PULL_FAILED', 'cannot pull r.example/x:1: no such host'] }, { 'r.example': ['m.example'] })
  await expect(find('r.example/x:1')).rejects.toMatchObject({
    code: 'CNB_PULL_FAILED',
    message: 'cannot pull r.example/x:1: no such host; before that, from a mirror: cannot pull m.example/x:1: manifest unknown',
  })
})

test("does not use the engine's copy if the registry denies access, independent of mirrors", async () => {
  const answers: Record<string, Answer> = { 'r.example/x:1': ['CNB_PULL_FAILED', 'denied'], 'm.example/x:1': ['CNB_PULL_FAILED', 'no such host'] }
  await expect(setUp(answers, { 'r.example': ['m.example'] }, { 'r.example/x:1': 'old' }).find('r.example/x:1')).rejects.toMatchObject({ code: 'CNB_PULL_FAILED' })
})

test('stops at an error of the engine', async () => {
  const { find, log } = setUp({ 'm.example/x:1': ['CNB_ENGINE_DISK_FULL', 'no space left'] }, { 'r.example': ['m.example'] })
  await expect(find('r.example/x:1')).rejects.toMatchObject({ code: 'CNB_ENGINE_DISK_FULL' })
  expect(log.filter((line) => line.startsWith('pull'))).toHaveLength(1)
})

test("keeps the mirror's name of an image with a digest, and finds the image by it later", async () => {
  const { find, log } = setUp({ [`m.example/x@${DIGEST}`]: 'new' }, { 'r.example': ['m.example'] })
  for (const policy of ['always', 'if-not-present', 'never'] as const) {
    expect(await find(`r.example/x@${DIGEST}`, policy)).toEqual([`r.example/x@${DIGEST}`, 'new'])
  }
  expect(log).toEqual([`pull m.example/x@${DIGEST} as user of m.example/x`])
})

test('rejects an invalid mirror', async () => {
  await expect(setUp({}, { '*': ['no host'] }).find('r.example/x')).rejects.toMatchObject({ code: 'CNB_USAGE' })
})
