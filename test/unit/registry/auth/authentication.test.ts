import { Readable } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { digestOf } from '../../../../src/oci/digest.ts'
import type { RegistryCredentials } from '../../../../src/registry/auth/auth-file.ts'
import type { Access } from '../../../../src/registry/registry.ts'
import { Authorizer } from '../../../../src/registry/auth/authorizer.ts'
import type { HttpRequest } from '../../../../src/registry/transport/http.ts'
import { reply, startMemoryRegistry, type MemoryRegistry } from '../../../support/fakes/memory-registry.ts'
import type { MemoryAuthOptions } from '../../../support/fakes/memory-registry-auth.ts'
import { FakeClock, openClient, type TestClient } from '../../../support/registry/registry-client.ts'

const USER = { username: 'user', password: 's3cret-password' }
const NOTHING = digestOf('nothing')

interface Bench extends TestClient {
  registry: MemoryRegistry
  resolve: (path?: string, access?: Access) => Promise<unknown>
}

async function bench(auth: Partial<MemoryAuthOptions> | undefined, credentials?: RegistryCredentials): Promise<Bench> {
  const registry = await startMemoryRegistry({ auth: auth && { scheme: 'bearer', ...USER, ...auth } })
  const client = openClient({ credentials })
  onTestFinished(async () => {
    await client.registries.close()
    await registry[Symbol.asyncDispose]()
  })
  const resolve = (path = 'a', access: Access = 'pull'): Promise<unknown> =>
    client.registries.repository(`${registry.address}/${path}`, access).resolve('x', client.context)
  return { ...client, registry, resolve }
}

const denied = (words: RegExp): object => ({ code: 'CNB_REGISTRY_DENIED', message: expect.stringMatching(words), hint: expect.stringContaining('docker login 127.0.0.1:') })

test('sends no credentials without a challenge, and pings the host once', async () => {
  const { registry, resolve } = await bench(undefined, USER)
  await resolve('a')
  await Promise.all([resolve('b'), resolve('c', 'push')])
  expect(registry.requests.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined, undefined, undefined])
  expect(registry.takeRequests().slice(0, 2)).toEqual(['GET /v2/', 'HEAD /v2/a/manifests/x'])
})

test('sends Basic credentials with every request after the challenge', async () => {
  const { registry, resolve } = await bench({ scheme: 'basic' }, USER)
  await resolve()
  await resolve()
  const basic = `Basic ${Buffer.from('user:s3cret-password').toString('base64')}`
  expect(registry.requests.map(({ headers }) => headers.authorization)).toEqual([undefined, basic, basic])
})

test.each(['basic', 'bearer'] as const)('reports %s with missing or wrong credentials, with a hint', async (scheme) => {
  await expect((await bench({ scheme })).resolve()).rejects.toMatchObject(denied(/authentication required|incorrect username|status 401/))
  const wrong = await bench({ scheme }, { username: 'user', password: 'wr0ng' })
  const error = await wrong.resolve().catch((thrown: unknown) => thrown)
  expect(error).toMatchObject(denied(/^cannot .*: (authentication required|incorrect username or password|.*status 401)/))
  expect(JSON.stringify(error) + String((error as Error).stack) + wrong.events.join()).not.toMatch(/wr0ng|dXNlcjp3cjBuZw/)
})

test('requests an anonymous token, for pull only', async () => {
  const { registry, registries, resolve } = await bench({ anonymous: true })
  expect(await resolve()).toBeUndefined()
  expect(registry.requests.find(({ path }) => path.startsWith('/token'))?.headers.authorization).toBeUndefined()
  await expect(registries.repository(`${registry.address}/a`, 'push').checkPush()).rejects.toMatchObject(denied(/^cannot write to /))
})

test('uses one token per repository, which covers pull and push for a push', async () => {
  const { registry, registries, resolve } = await bench({}, USER)
  await Promise.all([resolve('a'), resolve('a'), resolve('b')])
  await resolve('a')
  expect(registry.auth!.asked).toEqual(['repository:a:pull', 'repository:b:pull'])
  const pushed = registries.repository(`${registry.address}/c`, 'push')
  await pushed.hasBlob(NOTHING)
  await pushed.checkPush()
  await resolve('c')
  expect(registry.auth!.asked.slice(2)).toEqual(['repository:c:pull,push'])
})

test("includes a mount's source in the token, which serves later requests too", async () => {
  const { registry, registries } = await bench({}, USER)
  const repository = registries.repository(`${registry.address}/team/c`, 'push')
  await repository.mountBlob(NOTHING, 'base/run')
  await repository.mountBlob(NOTHING, 'base/run')
  await repository.checkPush()
  expect(registry.auth!.asked).toEqual(['repository:team/c:pull,push repository:base/run:pull'])
})

test('replaces a rejected token once', async () => {
  const { registry, resolve } = await bench({}, USER)
  await resolve()
  registry.auth!.tokens.clear()
  await resolve()
  expect(registry.auth!.asked).toHaveLength(2)
  registry.takeRequests()
  registry.intercept = (request, response) => {
    if (!request.url?.startsWith('/v2/a/')) return false
    reply(response, 401, { 'www-authenticate': `Bearer realm="http://${registry.address}/token",service="x"` })
    return true
  }
  await expect(resolve()).rejects.toMatchObject(denied(/cannot look up/))
  expect(registry.takeRequests()).toEqual(['HEAD /v2/a/manifests/x', 'GET /token', 'HEAD /v2/a/manifests/x'])
})

test('restarts an upload with a new token after its expiry', async () => {
  const { registry, registries } = await bench({}, USER)
  const bytes = Buffer.from('layer')
  let opened = 0
  const open = async (): Promise<Readable> => {
    if (opened++ === 0) registry.auth!.tokens.clear()
    return Readable.from([bytes])
  }
  await registries.repository(`${registry.address}/a`, 'push').uploadBlob({ descriptor: { digest: digestOf(bytes), size: bytes.length }, open })
  expect(registry.repository('a').blobs.has(digestOf(bytes))).toBe(true)
  expect([opened, registry.auth!.asked.length]).toEqual([2, 2])
})

test('replaces a token before its expiry', async () => {
  const { clock, registry, resolve } = await bench({ life: 300 }, USER)
  await resolve()
  clock.time += 200_000
  await resolve()
  expect(registry.auth!.asked).toHaveLength(1)
  clock.time += 100_000
  await resolve()
  expect(registry.auth!.asked).toHaveLength(2)
})

test('sends an identity token in the body of a POST', async () => {
  const { registry, resolve } = await bench({ identityToken: 'id3ntity' }, { identitytoken: 'id3ntity' })
  await resolve()
  expect(registry.requests.filter(({ path }) => path.includes('token'))).toMatchObject([{ method: 'POST', path: '/token' }])
  expect(JSON.stringify(registry.requests)).not.toContain('id3ntity')
})

test('sends a token of CNB_REGISTRY_AUTH unchanged', async () => {
  const { registry, resolve } = await bench({}, { registrytoken: 'mine' })
  registry.auth!.tokens.set('mine', new Set(['repository:a:pull']))
  await resolve()
  expect(registry.takeRequests()).toEqual(['GET /v2/', 'HEAD /v2/a/manifests/x'])
})

test.each([
  ['invalid JSON', 200, '<html>'],
  ['no token', 200, '{"token":7}'],
  ['a token that is not a valid header', 200, JSON.stringify({ token: 'a\r\nx: y' })],
  ['a reply without an end', 200, `"${'x'.repeat(2 << 20)}"`],
])("reports a token server that returns %s", async (_, status, body) => {
  const { registry, resolve } = await bench({}, USER)
  registry.intercept = (request, response) => {
    if (!request.url?.startsWith('/token')) return false
    reply(response, status, {}, body)
    return true
  }
  await expect(resolve()).rejects.toMatchObject({ code: 'CNB_REGISTRY_FAILED', message: expect.stringMatching(/token|larger than/) })
})

test('retries transient failures of a token server', async () => {
  const { clock, registry, resolve } = await bench({}, USER)
  let bad = 2
  registry.intercept = (request, response) => {
    if (!request.url?.startsWith('/token') || bad-- <= 0) return false
    reply(response, 503)
    return true
  }
  await resolve()
  expect(clock.pauses).toHaveLength(2)
})

test("sends no credentials after a redirect of the token server", async () => {
  const { registry, resolve } = await bench({}, USER)
  const other = await startMemoryRegistry()
  onTestFinished(() => other[Symbol.asyncDispose]())
  registry.intercept = (request, response) => {
    if (!request.url?.startsWith('/token')) return false
    reply(response, 307, { location: `http://${other.address}/steal` })
    return true
  }
  await expect(resolve()).rejects.toMatchObject({ code: 'CNB_REGISTRY_FAILED' })
  expect(other.requests).toHaveLength(1)
  expect(other.requests[0]?.headers.authorization).toBeUndefined()
})

test('sends no credentials to a storage host with a challenge', async () => {
  const { registry, registries } = await bench({}, USER)
  const other = await startMemoryRegistry({ auth: { scheme: 'basic', ...USER } })
  onTestFinished(() => other[Symbol.asyncDispose]())
  registry.intercept = (request, response) => {
    if (!request.url?.includes('/blobs/') || request.headers.authorization === undefined) return false
    reply(response, 307, { location: `http://${other.address}/v2/a/blobs/${NOTHING}?signature=s1gned` })
    return true
  }
  const error = await registries.repository(`${registry.address}/a`).blob({ digest: NOTHING }).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'CNB_REGISTRY_DENIED' })
  expect(String(error)).not.toContain('s1gned')
  expect(other.requests.map(({ headers }) => headers.authorization)).toEqual([undefined])
})

test('aborts only its own wait for a shared token', async () => {
  const { registry, registries, resolve } = await bench({}, USER)
  await resolve('first')
  const controller = new AbortController()
  registry.intercept = (request) => {
    if (request.url?.startsWith('/token')) controller.abort()
    return false
  }
  const repository = registries.repository(`${registry.address}/a`)
  const [aborted, other] = await Promise.allSettled([repository.resolve('x', { signal: controller.signal }), repository.resolve('x')])
  expect(aborted).toMatchObject({ status: 'rejected', reason: { code: 'CNB_INTERRUPTED' } })
  expect(other).toEqual({ status: 'fulfilled', value: undefined })
})

/** Returns the request to the token server of `registry`, and its result. */
async function askAt(registry: string, realm: string): Promise<{ sent: HttpRequest[]; result: string }> {
  const sent: HttpRequest[] = []
  const url = new URL(registry)
  const authorizer = new Authorizer({
    host: url.host,
    keychain: async () => USER,
    clock: new FakeClock(),
    closing: new AbortController().signal,
    exchange: async (request) => {
      sent.push(request)
      return { status: 200, headers: {}, body: Buffer.from('{"access_token":"t"}'), url: request.url }
    },
  })
  authorizer.learn({ status: 401, headers: { 'www-authenticate': `Bearer realm="${realm}",service="s"` }, body: Readable.from([]), url }, undefined)
  const header = authorizer.header(['repository:a:pull'], new AbortController().signal)
  return { sent, result: await header.then(String, (error: Error) => error.message) }
}

test('sends credentials to a token server on another host over https, or over http for a plain HTTP registry', async () => {
  for (const [registry, realm] of [['https://r.example/', 'https://auth.example/t?x=1'], ['http://r.example/', 'http://auth.example/t?x=1']] as const) {
    const { sent, result } = await askAt(registry, realm)
    expect(result).toBe('Bearer t')
    expect(sent.map(({ url }) => url.href)).toEqual([`${realm}&service=s&scope=repository%3Aa%3Apull`])
    expect(sent[0]?.headers.authorization).toMatch(/^Basic /)
  }
})

test.each([
  ['http://auth.example/t', 'from https to http'],
  ['https://10.0.0.1/t', 'private address'],
  ['https://169.254.169.254/t', 'private address'],
  ['file:///t', 'is not an HTTP address'],
  ['https://[', 'not a URL'],
])('sends nothing to a token server at %s', async (realm, why) => {
  const { sent, result } = await askAt('https://r.example/', realm)
  expect(sent).toEqual([])
  expect(result).toContain(why)
})

test('reports in a ping whether the registry accepts the credentials, and how far its clock is ahead', async () => {
  const allowed = async (credentials?: RegistryCredentials): Promise<unknown> => {
    const { registries, registry } = await bench({ scheme: 'basic' }, credentials)
    return (await registries.ping(registry.address)).isAllowed
  }
  expect([await allowed(USER), await allowed({ ...USER, password: 'wrong' }), await allowed()]).toEqual([true, false, false])
  const { registries, registry, clock } = await bench(undefined)
  clock.time = Date.now() - 600_000
  expect(Math.round(((await registries.ping(registry.address)).aheadMs ?? 0) / 100_000)).toBe(6)
})

test('does not retry a ping', async () => {
  const { registries, clock } = openClient()
  await expect(registries.ping('127.0.0.1:1')).rejects.toMatchObject({ code: 'CNB_REGISTRY_UNREACHABLE' })
  await registries.close()
  expect(clock.pauses).toEqual([])
})
