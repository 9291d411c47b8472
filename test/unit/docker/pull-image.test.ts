import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import type { CnbEvent } from '../../../src/base/events.ts'
import type { CnbError } from '../../../src/base/errors.ts'
import { json, startEngineServer, type Reply } from './engine-server.ts'

const ENGINES = ['20.10-overlay2', '28.5-overlay2', '28.5-containerd']

async function recorded(name: string, status = 200): Promise<Reply> {
  const body = await readFile(`fixtures/docker/${name}`)
  return (response) => response.writeHead(status).end(body)
}

async function pullError(reply: Reply): Promise<CnbError> {
  await using server = await startEngineServer({ 'POST /images/create': reply })
  return await server.engine.images.pull('registry.example/app:1').then(
    () => expect.fail('it was pulled'),
    (error: unknown) => error as CnbError,
  )
}

test.each(ENGINES)('reports layers of a pull from %s between start and end', async (engine) => {
  await using server = await startEngineServer({ 'POST /images/create': await recorded(`pull-${engine}.jsonl`) })
  const events: CnbEvent[] = []
  await server.engine.images.pull('127.0.0.1:5055/b/x:1', {}, { events: (event) => events.push(event) })
  expect(events.at(0)).toEqual({ type: 'pull.start', reference: '127.0.0.1:5055/b/x:1' })
  expect(events.at(-1)).toMatchObject({ type: 'pull.end', reference: '127.0.0.1:5055/b/x:1' })
  const layers = new Set(events.flatMap((event) => (event.type === 'pull.progress' ? [event.layer] : [])))
  expect([...layers]).toEqual(['384802336c7b'])
  expect(events.at(-2)).toMatchObject({ status: 'Pull complete' })
})

test('requests repository, tag or digest, platform and credentials', async () => {
  const headers: unknown[] = []
  const digest = `sha256:${'a'.repeat(64)}`
  await using server = await startEngineServer({
    'POST /images/create': (response, request) => {
      headers.push(request.headers['x-registry-auth'])
      response.end()
    },
  })
  const { images } = server.engine
  const auth = { username: 'u', password: 'p', serveraddress: 'registry.example' }
  await images.pull('nginx')
  await images.pull(`registry.example/app:1@${digest}`, { platform: { os: 'linux', architecture: 'arm64', variant: 'v8' }, auth })
  const query = (url: string): object => Object.fromEntries(new URL(url.replace('POST ', 'http://x')).searchParams)
  expect(server.urls.map(query)).toEqual([
    { fromImage: 'docker.io/library/nginx', tag: 'latest' },
    { fromImage: 'registry.example/app', tag: digest, platform: 'linux/arm64/v8' },
  ])
  expect(headers[0]).toBeUndefined()
  expect(JSON.parse(Buffer.from(String(headers[1]), 'base64url').toString())).toEqual(auth)
})

test.each(ENGINES)('reports a missing tag of %s as image not found', async (engine) => {
  const status = engine === '28.5-overlay2' ? 500 : 404
  expect((await pullError(await recorded(`pull-missing-${engine}.json`, status))).code).toBe('CNB_IMAGE_NOT_FOUND')
})

test.each([
  ['no matching manifest for linux/arm64/v8 in the manifest list entries', 404, 'CNB_PLATFORM_MISMATCH', 'platform'],
  ["pull access denied for x, repository does not exist or may require 'docker login'", 404, 'CNB_IMAGE_NOT_FOUND', 'docker login'],
  ['unauthorized: authentication required', 500, 'CNB_PULL_FAILED', 'docker login registry.example'],
  ['denied: requested access to the resource is denied', 403, 'CNB_PULL_FAILED', 'docker login registry.example'],
  ['toomanyrequests: You have reached your pull rate limit', 429, 'CNB_PULL_FAILED', 'try again'],
  ['write /x: no space left on device', 500, 'CNB_ENGINE_DISK_FULL', 'prune'],
])('converts "%s" with status %i to %s with a hint', async (words, status, code, hint) => {
  const error = await pullError(json({ message: words }, status))
  expect(error.code).toBe(code)
  expect(error.message).toBe(`cannot pull registry.example/app:1: ${words}`)
  expect(error.hint).toContain(hint)
})

test('reports an error in the body of a successful reply', async () => {
  const words = 'no matching manifest for linux/amd64'
  const body = `{"status":"Pulling from app","id":"1"}\n{"errorDetail":{"message":"${words}"},"error":"${words}"}`
  expect((await pullError((response) => response.end(body))).code).toBe('CNB_PLATFORM_MISMATCH')
})
