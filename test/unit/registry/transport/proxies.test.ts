/** Registries behind proxies of the environment. */

import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { readProxies } from '../../../../src/registry/transport/proxies.ts'
import { HOST_BEHIND_PROXY as HOST, makeCertificate, type Certificate } from '../../../support/registry/certificate.ts'
import { startMemoryRegistry, type MemoryRegistry } from '../../../support/fakes/memory-registry.ts'
import { startProxy, type ProxyOptions, type TestProxy } from '../../../support/registry/proxy.ts'
import { openClient, reach, type TestClient } from '../../../support/registry/registry-client.ts'

let certificate: Certificate
beforeAll(async () => {
  certificate = await makeCertificate()
  return () => certificate[Symbol.asyncDispose]()
})

async function serve({ tls }: { tls: boolean }): Promise<MemoryRegistry> {
  const registry = await startMemoryRegistry(tls ? { tls: certificate } : {})
  onTestFinished(() => registry[Symbol.asyncDispose]())
  return registry
}

async function proxyTo({ address }: MemoryRegistry, options?: ProxyOptions): Promise<TestProxy> {
  const proxy = await startProxy(address, options)
  onTestFinished(() => proxy[Symbol.asyncDispose]())
  return proxy
}

function open(options: Parameters<typeof openClient>[0] = {}): TestClient {
  const client = openClient(options)
  onTestFinished(() => client.registries.close())
  return client
}

const trusting = () => ({ ca: [Buffer.from(certificate.ca)] })
const REFUSAL = 'HTTP/1.1 502 Bad Gateway\r\n\r\n'

test('sends HTTPS through a tunnel, and the credentials only to the proxy', async () => {
  const registry = await serve({ tls: true })
  const proxy = await proxyTo(registry, { login: 'us@r:pr0xy/' })
  const client = open({ ...trusting(), env: { HTTPS_PROXY: `http://us%40r:pr0xy%2F@${proxy.address}` } })
  expect(await reach(HOST, client)).toBe('reached')
  expect(new Set(proxy.asked)).toEqual(new Set([`CONNECT ${HOST}:443 us@r:pr0xy/`]))
  expect(registry.requests.map(({ headers }) => headers['proxy-authorization'])).toEqual([undefined, undefined])
})

test('supports a TLS proxy with a certificate of a private CA', async () => {
  const proxy = await proxyTo(await serve({ tls: true }), { tls: certificate })
  expect(await reach(HOST, open({ ...trusting(), env: { https_proxy: `https://${proxy.address}` } }))).toBe('reached')
  expect(await reach(HOST, open({ insecure: [HOST], env: { https_proxy: `https://${proxy.address}` } }))).toMatchObject({
    code: 'CNB_REGISTRY_UNREACHABLE',
    message: expect.stringMatching(`cannot reach the proxy https://${proxy.address} \\(https_proxy\\): .*certificate`),
  })
})

test.each([
  ['host:port is a proxy that speaks HTTP', (address: string) => ({ HTTPS_PROXY: address })],
  ['a user may have no password', (address: string) => ({ HTTPS_PROXY: `http://user@${address}` })],
  ['a name in capitals wins', (address: string) => ({ HTTPS_PROXY: `http://${address}`, https_proxy: 'http://127.0.0.1:1' })],
  ['an empty name in capitals does not', (address: string) => ({ HTTPS_PROXY: '', https_proxy: `http://${address}` })],
  ['other hosts in NO_PROXY do not matter', (address: string) => ({ HTTPS_PROXY: address, NO_PROXY: `10.0.0.0/8,.${HOST}` })],
])('uses the proxy: %s', async (_title, env) => {
  const proxy = await proxyTo(await serve({ tls: true }))
  expect(await reach(HOST, open({ ...trusting(), env: env(proxy.address) }))).toBe('reached')
})

test('verifies certificates behind a proxy', async () => {
  const registry = await serve({ tls: true })
  const { address } = await proxyTo(registry)
  const error = await reach(HOST, open({ env: { https_proxy: `http://${address}` } }))
  expect(error).toMatchObject({ code: 'CNB_REGISTRY_UNREACHABLE', message: expect.stringMatching(`${HOST}.*certificate`) })
  expect(registry.requests).toEqual([])
})

test('falls back to plain HTTP through the proxy for an insecure registry', async () => {
  const { address, asked } = await proxyTo(await serve({ tls: false }), { refusal: REFUSAL })
  const env = { http_proxy: `http://user:pr0xy@${address}`, https_proxy: `http://${address}` }
  expect(await reach(HOST, open({ insecure: [HOST], env }))).toBe('reached')
  expect(asked).toEqual([`CONNECT ${HOST}:443 -`, `GET http://${HOST}/v2/ user:pr0xy`, `HEAD http://${HOST}/v2/a/manifests/x user:pr0xy`])
})

test('never uses plain HTTP for a secure registry', async () => {
  const { address, asked } = await proxyTo(await serve({ tls: false }), { refusal: REFUSAL })
  await reach(HOST, open({ env: { https_proxy: `http://${address}`, http_proxy: `http://${address}` } }))
  expect(asked).toEqual([`CONNECT ${HOST}:443 -`])
})

test("connects to Docker Hub's actual host name", async () => {
  const { address, asked } = await proxyTo(await serve({ tls: false }), { refusal: REFUSAL })
  await reach('docker.io', open({ env: { https_proxy: `http://${address}` } }))
  expect(asked[0]).toBe('CONNECT registry-1.docker.io:443 -')
})

test.each([
  ['HTTPS_PROXY', { login: 'user:right' }, /refuses to connect .*status 407/, /^Set a user and password .*HTTPS_PROXY=http:\/\/user:password@/],
  ['HTTPS_PROXY', { refusal: REFUSAL }, /refuses to connect .*status 502/, /HTTPS_PROXY.*NO_PROXY/],
  ['HTTPS_PROXY', { refusal: 'no HTTP at all' }, /cannot reach the proxy .*: Parse Error/, /HTTPS_PROXY.*NO_PROXY/],
  ['HTTP_PROXY', { login: 'user:right' }, /refuses to connect .*status 407/, /^Set a user and password .*HTTP_PROXY=http:\/\/user:password@/],
])('reports a proxy of %s that replies with %o, without its password', async (variable, options, words, hint) => {
  const { address } = await proxyTo(await serve({ tls: false }), options)
  const insecure = variable === 'HTTP_PROXY' ? [HOST] : []
  const error = await reach(HOST, open({ insecure, env: { [variable]: `http://user:wr0ng@${address}` } }))
  expect(error).toMatchObject({ code: 'CNB_REGISTRY_UNREACHABLE', message: expect.stringMatching(words), hint: expect.stringMatching(hint) })
  expect(String(error)).toContain(`the proxy http://${address} (${variable})`)
  expect(String(error) + JSON.stringify(error)).not.toContain('wr0ng')
})

test.each(['HTTP_PROXY', 'HTTPS_PROXY'])('reports a proxy of %s that does not listen', async (variable) => {
  const closed = createServer()
  await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve))
  const address = `127.0.0.1:${(closed.address() as AddressInfo).port}`
  await new Promise((resolve) => closed.close(resolve))
  const insecure = variable === 'HTTP_PROXY' ? [HOST] : []
  const error = await reach(HOST, open({ insecure, env: { [variable]: address } }))
  expect(error).toMatchObject({
    code: 'CNB_REGISTRY_UNREACHABLE',
    message: expect.stringContaining(`cannot reach the proxy http://${address} (${variable}): connect ECONNREFUSED`),
  })
})

test.each([
  ['a tunnel that the proxy does not make', (address: string) => ({ host: HOST, env: { HTTPS_PROXY: address } })],
  ['TLS that the registry does not speak', (address: string) => ({ host: address, env: {} })],
])('aborts %s on close', { timeout: 10_000 }, async (_title, how) => {
  const silent = createServer((socket) => void socket.on('error', () => {}))
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const { host, env } = how(`127.0.0.1:${(silent.address() as AddressInfo).port}`)
  const client = open({ env })
  const reached = reach(host, client)
  const [socket] = (await once(silent, 'connection')) as [Socket]
  await once(socket, 'data')
  await client.registries.close()
  expect(await reached).toMatchObject({ code: 'CNB_INTERRUPTED' })
  // Ends once the client has closed its connection.
  await new Promise((resolve) => silent.close(resolve))
})

test('bypasses the proxy for this machine and NO_PROXY', async () => {
  const registry = await serve({ tls: false })
  const { address, asked } = await proxyTo(registry)
  expect(await reach(registry.address, open({ env: { HTTP_PROXY: address, HTTPS_PROXY: address } }))).toBe('reached')
  const error = await reach(HOST, open({ env: { HTTPS_PROXY: address, no_proxy: `a.example,${HOST}` } }))
  expect(error).toMatchObject({ message: expect.stringMatching(/ENOTFOUND|EAI_AGAIN/) })
  expect(asked).toEqual([])
})

test('does not use HTTP_PROXY for HTTPS', () => {
  const proxyFor = readProxies({ HTTP_PROXY: 'http://p:3128' })
  expect(proxyFor(new URL('https://r.example'))).toBeUndefined()
  expect(proxyFor(new URL('http://r.example'))?.url.host).toBe('p:3128')
})

test.each(['http://user:pr0xy@[', 'http://user:pr0xy%zz@p:3128', 'socks5://user:pr0xy@p:1080', 'ftp://user:pr0xy@p', 'http://', 'http://user:pr0xy#x@p'])(
  "rejects the proxy '%s' without its password in the message",
  (value) => {
    expect(() => open({ env: { HTTPS_PROXY: value } })).toThrow(
      expect.objectContaining({
        code: 'CNB_USAGE',
        message: expect.stringMatching(/^cannot use the proxy in HTTPS_PROXY: (?!.*pr0xy)/),
        hint: expect.stringContaining('percent-encoded'),
      }),
    )
  },
)
