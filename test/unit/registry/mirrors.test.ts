import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import type { CnbEvent, EventSink } from '../../../src/base/events.ts'
import { digestOf } from '../../../src/oci/digest.ts'
import { OCI_MANIFEST } from '../../../src/oci/media-types.ts'
import { mirrorsOf, parseMirror } from '../../../src/registry/mirrors.ts'
import { decisionsOf } from '../../support/decisions.ts'
import { refuse, reply, startMemoryRegistry, type MemoryRegistry } from '../../support/fakes/memory-registry.ts'
import { openClient, type TestClient } from '../../support/registry/registry-client.ts'

const BLOB = Buffer.from('blob')
const manifestOf = (note: string): Buffer => Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST, layers: [], note }))

async function start(): Promise<MemoryRegistry> {
  const registry = await startMemoryRegistry()
  onTestFinished(() => registry[Symbol.asyncDispose]())
  return registry
}

function fill(registry: MemoryRegistry, name: string, tag: string, content: Buffer): void {
  const { blobs, manifests, tags } = registry.repository(name)
  blobs.set(digestOf(BLOB), BLOB)
  manifests.set(digestOf(content), { mediaType: OCI_MANIFEST, content })
  tags.set(tag, digestOf(content))
}

function open(mirrors: Record<string, string[]>, events?: EventSink): TestClient {
  const client = openClient({ mirrors, ...(events ? { events } : {}) })
  onTestFinished(() => client.registries.close())
  return client
}

test("returns the registry's own mirrors, or else those for all registries", () => {
  const mirrors = { 'docker.io': ['https://mirror.example/', 'cache.example:5000/hub'], '*': ['all.example', 'r.example'] }
  expect(mirrorsOf('docker.io', mirrors)).toEqual([{ host: 'mirror.example', path: '' }, { host: 'cache.example:5000', path: 'hub/' }])
  expect(mirrorsOf('quay.example', mirrors)).toEqual([{ host: 'all.example', path: '' }, { host: 'r.example', path: '' }])
  expect(mirrorsOf('r.example', mirrors)).toEqual([{ host: 'all.example', path: '' }])
  expect(mirrorsOf('docker.io', { 'index.docker.io': ['a.example'] })).toEqual([{ host: 'a.example', path: '' }])
  expect(mirrorsOf('r.example', {})).toEqual([])
})

test.each(['', 'mirror', 'a b.example', 'user:pass@mirror.example', 'mirror.example/A'])("rejects the mirror '%s'", (mirror) => {
  expect(() => mirrorsOf('r.example', { '*': [mirror] })).toThrow(expect.objectContaining({ code: 'CNB_USAGE' }))
})

test('reads existing content from a mirror, and other content from the registry', async () => {
  const [own, mirror] = [await start(), await start()]
  fill(mirror, 'copies/team/app', 'both', manifestOf('mirror'))
  fill(own, 'team/app', 'both', manifestOf('own'))
  fill(own, 'team/app', 'own', manifestOf('own'))
  const events: CnbEvent[] = []
  const { registries, warnings } = open({ [own.address]: [`${mirror.address}/copies`] }, (event) => events.push(event))
  const repository = registries.repository(`${own.address}/team/app`)
  expect(repository.name).toBe(`${own.address}/team/app`)
  expect((await repository.manifest('both'))?.content).toEqual(manifestOf('mirror'))
  expect((await repository.resolve('own'))?.digest).toBe(digestOf(manifestOf('own')))
  expect(await repository.resolve('none')).toBeUndefined()
  own.takeRequests()
  expect(await repository.hasBlob(digestOf(BLOB))).toBe(true)
  expect(await buffer(await repository.blob({ digest: digestOf(BLOB) }))).toEqual(BLOB)
  expect(own.takeRequests()).toEqual([])
  expect(warnings).toEqual([])
  expect(decisionsOf(events)).toEqual([
    `mirror ${mirror.address}/copies/team/app: used: it is the first mirror of the registry that has the content`,
    `mirror ${mirror.address}/copies/team/app: passed over: it does not have the content`,
  ])
})

test('skips a mirror that fails or returns wrong content', async () => {
  const [own, liar, broken, closed] = [await start(), await start(), await start(), await start()]
  const content = manifestOf('own')
  fill(own, 'app', 'tag', content)
  liar.intercept = (_request, response) => {
    reply(response, 200, { 'content-type': OCI_MANIFEST }, manifestOf('other'))
    return true
  }
  broken.intercept = (_request, response, url) => {
    if (url.pathname === '/v2/') return false
    refuse(response, 403, 'DENIED', 'no')
    return true
  }
  const address = closed.address
  await closed[Symbol.asyncDispose]().catch(() => {})
  onTestFinished(() => {})
  const events: CnbEvent[] = []
  const { registries, warnings } = open({ '*': [liar.address, broken.address, address] }, (event) => events.push(event))
  const repository = registries.repository(`${own.address}/app`)
  for (let count = 0; count < 2; count++) expect((await repository.manifest(digestOf(content)))?.content).toEqual(content)
  expect(warnings).toEqual([expect.stringMatching(/^skipping mirror .*: no$/), expect.stringMatching(/ECONNREFUSED/)])
  // Each mirror once, for any number of requests.
  expect(decisionsOf(events)).toEqual([liar.address, broken.address, address].map((mirror) => expect.stringMatching(new RegExp(`^mirror ${mirror}/app: passed over: `)) as unknown))
})

test('does not use mirrors for a push', async () => {
  const [own, mirror] = [await start(), await start()]
  fill(mirror, 'app', 'tag', manifestOf('mirror'))
  const repository = open({ '*': [mirror.address] }).registries.repository(`${own.address}/app`, 'push')
  expect(await repository.resolve('tag')).toBeUndefined()
  expect(await repository.uploadStream({ open: async () => Readable.from([BLOB]) })).toMatchObject({ size: 4 })
  expect(mirror.requests).toEqual([])
})

test('includes the errors of mirrors if the registry fails too', async () => {
  const [own, mirror] = [await start(), await start()]
  for (const registry of [own, mirror]) registry.intercept = (_request, response, url) => url.pathname.includes('/manifests/') && (refuse(response, 403, 'DENIED', 'not you'), true)
  const { registries } = open({ [own.address]: [mirror.address] })
  await expect(registries.repository(`${own.address}/team/app`).manifest('1')).rejects.toMatchObject({
    code: 'CNB_REGISTRY_DENIED',
    message: expect.stringMatching(`^cannot read .*${own.address}/team/app:1.*; before that, from a mirror: cannot read .*${mirror.address}/team/app:1`),
  })
})

test('omits the password of a mirror that is a URL with credentials from the error', () => {
  expect(() => parseMirror('http://user:secret@mirror.example')).toThrow("'http://…@mirror.example' is not a registry")
})
