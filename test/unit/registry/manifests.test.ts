import type { IncomingMessage, ServerResponse } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { digestOf } from '../../../src/oci/digest.ts'
import { DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST } from '../../../src/oci/media-types.ts'
import type { Repository } from '../../../src/registry/registry.ts'
import { refuse, reply, startMemoryRegistry } from '../../support/fakes/memory-registry.ts'
import { openClient, type TestClient } from '../../support/registry/registry-client.ts'

interface Bench extends TestClient {
  repository: Repository
  methods: string[]
}

/** A repository with replies for manifests, tags and referrers from `answer`. */
async function bench(answer: (request: IncomingMessage, response: ServerResponse, count: number, url: URL) => void): Promise<Bench> {
  const registry = await startMemoryRegistry()
  const client = openClient()
  onTestFinished(async () => {
    await client.registries.close()
    await registry[Symbol.asyncDispose]()
  })
  const methods: string[] = []
  registry.intercept = (request, response, url) => {
    if (url.pathname === '/v2/') return false
    methods.push(request.method ?? '')
    answer(request, response, methods.length, url)
    return true
  }
  return { ...client, methods, repository: client.registries.repository(`${registry.address}/a`, 'push') }
}

const failure = (words: RegExp, code = 'CNB_REGISTRY_FAILED'): object => ({ code, message: expect.stringMatching(words) })
const MANIFEST = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST, layers: [] }))
const DESCRIPTOR = { mediaType: OCI_MANIFEST, digest: digestOf(MANIFEST), size: MANIFEST.length }
const HEADERS = { 'content-type': `${OCI_MANIFEST}; charset=utf-8`, 'docker-content-digest': DESCRIPTOR.digest, 'content-length': MANIFEST.length }

test('resolves with a single complete HEAD', async () => {
  const { repository, methods } = await bench((_request, response) => reply(response, 200, HEADERS))
  expect(await repository.resolve('tag')).toEqual(DESCRIPTOR)
  expect(methods).toEqual(['HEAD'])
})

test.each([
  ['no digest', 200, { 'docker-content-digest': '' }],
  ['a digest of another kind', 200, { 'docker-content-digest': 'sha512:00' }],
  ['no size', 200, { 'content-length': 0 }],
  ['no type of a manifest', 200, { 'content-type': 'text/html' }],
  ['no HEAD', 405, {}],
])('sends a GET if a HEAD is insufficient: %s', async (_, status, headers) => {
  const { repository, methods } = await bench((request, response) =>
    request.method === 'HEAD' ? reply(response, status, { ...HEADERS, ...headers }) : reply(response, 200, { 'content-type': OCI_MANIFEST }, MANIFEST))
  expect(await repository.resolve('tag')).toEqual(DESCRIPTOR)
  expect(methods).toEqual(['HEAD', 'GET'])
})

test.each([
  ['tag', HEADERS['docker-content-digest'], 'other bytes than the digest that it says'],
  [digestOf('wanted'), digestOf('wanted'), 'other bytes than were asked for'],
])('rejects for %s: %s: %s', async (reference, said) => {
  const { repository } = await bench((_request, response) =>
    reply(response, 200, { 'content-type': OCI_MANIFEST, 'docker-content-digest': said }, Buffer.from('{"schemaVersion":2}')))
  await expect(repository.manifest(reference)).rejects.toMatchObject(failure(/the content has digest sha256:\w+, expected sha256:/))
})

test('rejects a HEAD of a digest that returns another one', async () => {
  const { repository } = await bench((_request, response) => reply(response, 200, HEADERS))
  await expect(repository.resolve(digestOf('wanted'))).rejects.toMatchObject(failure(/reports the digest/))
})

test.each([
  ['larger than it may be', 'x'.repeat((4 << 20) + 1), /larger than 4194304 bytes/],
  ['invalid JSON', '<html>', /not JSON/],
  ['null', 'null', /not JSON/],
  ['a manifest and an index at once', JSON.stringify({ layers: [], manifests: [] }), /does not have the declared media type/],
  ['of another type than said', JSON.stringify({ mediaType: OCI_INDEX, manifests: [] }), /does not have the declared media type/],
])('rejects a manifest that is %s', async (_, body, words) => {
  const { repository } = await bench((_request, response) => reply(response, 200, { 'content-type': OCI_MANIFEST }, body))
  await expect(repository.manifest('tag')).rejects.toMatchObject(failure(words))
})

test('stops reading an endless manifest', async () => {
  const { repository } = await bench((_request, response) => {
    response.writeHead(200, { 'content-type': OCI_MANIFEST })
    const more = (): void => void (response.destroyed || response.write(Buffer.alloc(1 << 20, ' '), () => setImmediate(more)))
    more()
  })
  await expect(repository.manifest('tag')).rejects.toMatchObject(failure(/larger than/))
})

test("uses the document's media type if the registry sends none", async () => {
  const said = (document: object, type: string): Promise<string | undefined> =>
    bench((_request, response) => reply(response, 200, { 'content-type': type }, JSON.stringify(document)))
      .then(({ repository }) => repository.manifest('tag'))
      .then((manifest) => manifest?.descriptor.mediaType)
  expect(await said({ mediaType: DOCKER_MANIFEST }, 'application/json')).toBe(DOCKER_MANIFEST)
  expect(await said({ manifests: [] }, 'application/octet-stream')).toBe(OCI_INDEX)
  expect(await said({ layers: [] }, 'text/plain')).toBe(OCI_MANIFEST)
  expect(await said({ layers: [] }, DOCKER_MANIFEST)).toBe(DOCKER_MANIFEST)
})

test('retries a truncated manifest', async () => {
  const { repository, methods } = await bench((_request, response, count) => {
    response.writeHead(200, { 'content-type': OCI_MANIFEST, 'content-length': MANIFEST.length })
    if (count < 3) response.write(MANIFEST.subarray(0, 5), () => response.destroy())
    else response.end(MANIFEST)
  })
  expect((await repository.manifest('tag'))?.content).toEqual(MANIFEST)
  expect(methods).toHaveLength(3)
})

test('reports a too large Content-Length after four attempts', async () => {
  const { repository, methods } = await bench((_request, response) => {
    response.writeHead(200, { 'content-type': OCI_MANIFEST, 'content-length': MANIFEST.length + 1 })
    response.write(MANIFEST, () => response.destroy())
  })
  await expect(repository.manifest('tag')).rejects.toMatchObject(failure(/cannot reach the registry/, 'CNB_REGISTRY_UNREACHABLE'))
  expect(methods).toHaveLength(4)
})

test.each(['../../../token', 'a/b', 'tag?x=y', '', 'sha256:zz', 'a b'])("rejects the reference '%s' without a request", async (reference) => {
  const { repository, methods } = await bench((_request, response) => reply(response, 200, HEADERS, MANIFEST))
  await expect(repository.manifest(reference)).rejects.toMatchObject({ code: 'CNB_REFERENCE_INVALID' })
  await expect(repository.resolve(reference)).rejects.toMatchObject({ code: 'CNB_REFERENCE_INVALID' })
  await expect(repository.putManifest(reference, { mediaType: OCI_MANIFEST, content: MANIFEST })).rejects.toMatchObject({ code: 'CNB_REFERENCE_INVALID' })
  expect(methods).toEqual([])
})

test("reports the registry's message, sanitized and truncated, but not an HTML page", async () => {
  const said = async (body: string): Promise<string> => {
    const { repository } = await bench((_request, response) => reply(response, 400, {}, body))
    return repository.manifest('tag').then(() => '', (error: Error) => error.message.replace(/^.*:tag: /s, ''))
  }
  expect(await said(JSON.stringify({ errors: [{ code: 'A', message: 'bad \u001b[31m\r\nthing' }, { code: 'B' }] }))).toBe('bad [31m thing; B')
  expect(await said('plain words')).toBe('plain words')
  expect(await said('<!doctype html><p>hello')).toBe('the registry replied with status 400 and no message')
  expect(await said(JSON.stringify({ errors: [null, 7, { message: { a: 1 } }] }))).toBe('the registry replied with status 400 and no message')
  expect((await said('x'.repeat(60_000))).length).toBe(1000)
  expect(await said('x'.repeat(1 << 20))).toBe('the registry replied with status 400 and no message')
})

test('reports denied access with a hint', async () => {
  for (const status of [401, 403]) {
    const { repository } = await bench((_request, response) => refuse(response, status, 'DENIED', 'requested access to the resource is denied'))
    await expect(repository.resolve('tag')).rejects.toMatchObject({ code: 'CNB_REGISTRY_DENIED', status, hint: expect.stringContaining('docker login 127.0.0.1') })
    await expect(repository.manifest('tag')).rejects.toMatchObject(failure(/access to the resource is denied/, 'CNB_REGISTRY_DENIED'))
  }
})

test('rejects a confirmation of another manifest', async () => {
  const { repository } = await bench((_request, response) => reply(response, 201, { 'docker-content-digest': digestOf('else') }))
  await expect(repository.putManifest('tag', { mediaType: OCI_MANIFEST, content: MANIFEST })).rejects.toMatchObject(failure(/reports that it stored sha256:/))
})

test('reports a warning of a registry once', async () => {
  const { repository, warnings } = await bench((_request, response) =>
    reply(response, 200, { ...HEADERS, warning: '299 - "this \\"image\\" is old"' }))
  await repository.resolve('tag')
  await repository.resolve('tag')
  expect(warnings).toEqual([expect.stringMatching(/^warning of registry 127\.0\.0\.1:\d+: this "image" is old$/)])
})

async function tagsOf(repository: Repository): Promise<string[]> {
  const tags: string[] = []
  for await (const tag of repository.tags()) tags.push(tag)
  return tags
}

test('reads pages of tags in order, and omits invalid tags', async () => {
  const { repository } = await bench((_request, response, _count, url) => {
    const page = Number(url.searchParams.get('page') ?? 0)
    reply(response, 200, page < 2 ? { link: `<?page=${page + 1}>; rel="next"` } : {}, JSON.stringify({ tags: [`t${page}`, '../x', 7, 'a b', ''] }))
  })
  expect(await tagsOf(repository)).toEqual(['t0', 't1', 't2'])
})

test.each([
  ['at another host', () => '<http://127.0.0.2/v2/a/tags/list>; rel="next"', /on another host/],
  ['at no address', () => '<http://[>; rel="next"', /on another host/],
  ['the same again', () => '</v2/a/tags/list?same>; rel=next', /endless number of pages/],
  ['always one more', (count: number) => `</v2/a/tags/list?${count}>; rel=next`, /endless number of pages/],
])('rejects a next page that is %s', async (_, link, words) => {
  const { repository } = await bench((_request, response, count) => reply(response, 200, { link: link(count) }, '{"tags":null}'))
  await expect(tagsOf(repository)).rejects.toMatchObject(failure(words))
})

test.each(['<html>', 'null', '[]', '{"manifests":[null,{"digest":"x"},{"mediaType":"a","digest":"sha256:0","size":1}]}'])('returns no referrers or an error for %s', async (body) => {
  const { repository } = await bench((_request, response, _count, url) => (url.pathname.includes('/referrers/') ? reply(response, 200, {}, body) : reply(response, 404)))
  const found = await repository.referrers(DESCRIPTOR.digest).catch((error: { code: string }) => error.code)
  expect([[], 'CNB_REGISTRY_FAILED']).toContainEqual(found)
})
