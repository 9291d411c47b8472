import { buffer } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import type { CnbEvent } from '../../../../src/base/events.ts'
import { digestOf } from '../../../../src/oci/digest.ts'
import { reply, startMemoryRegistry, type MemoryRegistry } from '../../../support/fakes/memory-registry.ts'
import { openClient } from '../../../support/registry/registry-client.ts'

const BLOB = Buffer.from('blob')

async function start(options: Parameters<typeof startMemoryRegistry>[0] = {}): Promise<MemoryRegistry> {
  const registry = await startMemoryRegistry(options)
  onTestFinished(() => registry[Symbol.asyncDispose]())
  return registry
}

test('emits a span for each exchange: ping, redirect and storage, without the query that authorizes the storage', async () => {
  const [registry, storage] = [await start(), await start()]
  registry.intercept = (_request, response, url) => {
    if (!url.pathname.includes('/blobs/')) return false
    reply(response, 307, { location: `http://${storage.address}/bucket/object?X-Signature=secret` })
    return true
  }
  storage.intercept = (_request, response) => {
    reply(response, 200, {}, BLOB)
    return true
  }
  const events: CnbEvent[] = []
  await using client = openClient({ credentials: { username: 'me', password: 'secret' }, events: (event) => events.push(event) })
  expect(await buffer(await client.registries.repository(`${registry.address}/team/app`).blob({ digest: digestOf(BLOB) }))).toEqual(BLOB)
  const spans = events.flatMap((event) => (event.type === 'span' ? [[event.category, event.name, event.args?.['status'] ?? event.args?.['failed']]] : []))
  expect(spans).toEqual([
    ['registry', `GET http://${registry.address}/v2/`, 200],
    ['registry', `GET http://${registry.address}/v2/team/app/blobs/${digestOf(BLOB)}`, 307],
    ['registry', `GET http://${storage.address}/bucket/object`, 200],
  ])
  expect(JSON.stringify(events)).not.toContain('secret')
})
