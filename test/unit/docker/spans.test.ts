import { expect, test } from 'vitest'
import type { CnbEvent } from '../../../src/base/events.ts'
import { json, startEngineServer } from './engine-server.ts'

const ID = 'f'.repeat(64)

test('emits a span for each request with method, path and status, without query, header or body', async () => {
  const events: CnbEvent[] = []
  const replies = { [`GET /images/${ID}/json`]: json({ message: 'a secret of the engine' }, 404), 'POST /images/create': json({ status: 'done' }) }
  await using server = await startEngineServer(replies, undefined, undefined, undefined, (event) => events.push(event))
  expect(await server.engine.images.inspect(ID)).toBeUndefined()
  const auth = { username: 'me', password: 'secret', serveraddress: 'r.example' }
  await server.engine.images.pull('r.example/private:1', { auth })
  expect(server.urls).toContainEqual(expect.stringContaining('fromImage='))
  const spans = events.filter(({ type }) => type === 'span')
  const named = spans.map((span) => (span.type === 'span' ? [span.category, span.name, span.args] : []))
  expect(named).toContainEqual(['engine', 'GET /images/ffffffffffff/json', { status: 404 }])
  expect(named).toContainEqual(['engine', 'POST /images/create', { status: 200 }])
  expect(JSON.stringify(spans)).not.toMatch(/secret|private|fromImage/)
})

test('emits a span with the code of the failure for a request without a reply', async () => {
  const events: CnbEvent[] = []
  const replies = { 'GET /_ping': (response: { destroy(): unknown }) => void response.destroy() }
  await using server = await startEngineServer(replies, undefined, undefined, undefined, (event) => events.push(event))
  await expect(server.engine.ping()).rejects.toMatchObject({ code: 'CNB_ENGINE_LOST' })
  expect(events).toMatchObject([{ type: 'span', name: 'GET /_ping', args: { failed: 'CNB_ENGINE_LOST' } }])
})
