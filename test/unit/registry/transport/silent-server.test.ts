import { Readable } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { RegistryHost } from '../../../../src/registry/registry-host.ts'
import { Dispatchers } from '../../../../src/registry/transport/dispatchers.ts'
import type { HttpRequest } from '../../../../src/registry/transport/http.ts'
import { undiciExchange } from '../../../../src/registry/transport/undici-exchange.ts'
import { FakeClock } from '../../../support/registry/registry-client.ts'
import { listen } from '../../../support/registry/listen.ts'

const { signal } = new AbortController()

test('ends a request without a reply after the given time', async () => {
  await using server = await listen(() => {})
  const dispatchers = new Dispatchers({ env: {}, ca: [], isInsecure: () => true })
  onTestFinished(() => dispatchers.close())
  const exchange = undiciExchange((origin) => dispatchers.for(origin), 1)
  await expect(exchange({ method: 'GET', url: new URL(server.origin), headers: {}, signal, replyWithin: 10 })).rejects.toMatchObject({ code: 'UND_ERR_HEADERS_TIMEOUT' })
})

test('tries TLS after two seconds without a reply from a registry of this machine', async () => {
  const requests: HttpRequest[] = []
  const host = new RegistryHost('127.0.0.1:5000', {
    exchange: async (request) => {
      requests.push(request)
      if (request.url.protocol === 'http:') throw Object.assign(new Error('Headers Timeout Error'), { code: 'UND_ERR_HEADERS_TIMEOUT' })
      return { status: 200, url: request.url, headers: {}, body: Readable.from([]) }
    },
    keychain: { credentials: async () => undefined } as never,
    clock: new FakeClock(),
    isInsecure: () => false,
    userAgent: 'test',
    warn: () => {},
    closing: signal,
  })
  await host.call({ task: 'cannot read x', method: 'GET', path: '/v2/x', scopes: [], expect: [200] }, {})
  expect(requests.map(({ url, replyWithin }) => [url.protocol, replyWithin])).toEqual([['http:', 2000], ['https:', 15_000], ['https:', undefined]])
})

test('waits 15 seconds for the first reply of a registry, twice at most', async () => {
  const requests: HttpRequest[] = []
  const clock = new FakeClock()
  const host = new RegistryHost('registry.example', {
    exchange: async (request) => {
      requests.push(request)
      clock.time += request.replyWithin ?? Infinity
      if (requests.length < 3) throw Object.assign(new Error('Headers Timeout Error'), { code: 'UND_ERR_HEADERS_TIMEOUT' })
      throw new Error('it is tried three times')
    },
    keychain: { credentials: async () => undefined } as never,
    clock,
    isInsecure: () => false,
    userAgent: 'test',
    warn: () => {},
    closing: signal,
  })
  await expect(host.call({ task: 'cannot read x', method: 'GET', path: '/v2/x', scopes: [], expect: [200] }, {})).rejects.toMatchObject({ code: 'CNB_REGISTRY_UNREACHABLE', message: expect.stringContaining('Headers Timeout Error') })
  expect(requests.map(({ replyWithin }) => replyWithin)).toEqual([15_000, 15_000])
})
