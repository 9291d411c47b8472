import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { expect, onTestFinished, test, vi } from 'vitest'
import { digestOf } from '../../../../src/oci/digest.ts'
import type { Repository } from '../../../../src/registry/registry.ts'
import { refuse, reply, startMemoryRegistry, type Interceptor, type MemoryRegistry, type MemoryRegistryOptions } from '../../../support/fakes/memory-registry.ts'
import { openClient, type TestClient } from '../../../support/registry/registry-client.ts'

const BYTES = randomBytes(3 << 20)
const DIGEST = digestOf(BYTES)
const descriptor = { digest: DIGEST, size: BYTES.length }

interface Bench extends TestClient {
  registry: MemoryRegistry
  repository: Repository
  /** The number of calls of `open`. */
  opened: () => number
  upload(): Promise<unknown>
  uploadStream(): Promise<unknown>
}

/** `fault` receives each request with its number per method, such as the second PUT. */
async function bench(fault?: (kind: string, count: number, ...rest: Parameters<Interceptor>) => boolean, options?: MemoryRegistryOptions): Promise<Bench> {
  const registry = await startMemoryRegistry(options)
  const client = openClient()
  onTestFinished(async () => {
    await client.registries.close()
    await registry[Symbol.asyncDispose]()
  })
  const counts = new Map<string, number>()
  registry.intercept = (request, response, url) => {
    const kind = request.method ?? ''
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
    return fault?.(kind, counts.get(kind)!, request, response, url) ?? false
  }
  const repository = client.registries.repository(`${registry.address}/a`, 'push')
  let opened = 0
  const open = async (): Promise<Readable> => {
    opened++
    return Readable.from([BYTES.subarray(0, 1 << 20), BYTES.subarray(1 << 20)])
  }
  return {
    ...client, registry, repository, opened: () => opened,
    upload: () => repository.uploadBlob({ descriptor, open }, client.context),
    uploadStream: () => repository.uploadStream({ open }, client.context),
  }
}

const stored = ({ registry }: Bench): boolean => registry.repository('a').blobs.get(DIGEST)?.equals(BYTES) ?? false
const failure = (words: RegExp): object => ({ code: 'CNB_REGISTRY_FAILED', message: expect.stringMatching(words) })
const HOW = ['upload', 'uploadStream'] as const

test('sends POST and PUT for a known blob, and an additional PATCH for a stream', async () => {
  const { registry, ...at } = await bench()
  await at.upload()
  expect(registry.takeRequests().slice(1)).toEqual(['POST /v2/a/blobs/uploads/', expect.stringMatching(/^PUT /)])
  await at.uploadStream()
  expect(registry.takeRequests()).toEqual(['POST /v2/a/blobs/uploads/', expect.stringMatching(/^PATCH /), expect.stringMatching(/^PUT /)])
})

test.each(HOW)('restarts an interrupted upload: %s', async (how) => {
  const at = await bench((kind, count, request) => {
    if (kind !== (how === 'upload' ? 'PUT' : 'PATCH') || count > 2) return false
    request.once('data', () => request.destroy())
    return true
  })
  await at[how]()
  expect(stored(at)).toBe(true)
  expect(at.opened()).toBe(3)
  expect(at.registry.uploads.size).toBe(0)
})

test.each(HOW)('retries transient failures after Retry-After: %s', async (how) => {
  const at = await bench((kind, count, _request, response) => {
    if (kind !== (how === 'upload' ? 'PUT' : 'PATCH') || count > 1) return false
    refuse(response, 429, 'TOOMANYREQUESTS', 'slow down', { 'retry-after': '3' })
    return true
  })
  await at[how]()
  expect(stored(at)).toBe(true)
  expect(at.clock.pauses).toEqual([3000])
})

test.each(HOW)('stops after four attempts: %s', async (how) => {
  const at = await bench((kind, _count, _request, response) => {
    if (kind !== (how === 'upload' ? 'PUT' : 'PATCH')) return false
    refuse(response, 500, 'UNKNOWN', 'the disk is\u001b[2J full')
    return true
  })
  await expect(at[how]()).rejects.toMatchObject(failure(/^cannot upload .*: the disk is \[2J full$/))
  expect(at.opened()).toBe(4)
})

test('does not resend a stored blob after a lost reply', async () => {
  const at = await bench((kind, count, request, response) => {
    if (kind !== 'PUT' || count > 1) return false
    at.registry.repository('a').blobs.set(DIGEST, BYTES)
    request.resume().once('end', () => response.destroy())
    return true
  })
  await at.upload()
  expect(at.registry.takeRequests().filter((request) => request.startsWith('PUT'))).toHaveLength(1)
})

test.each(HOW)('reports the first failure of a stream that cannot be reopened: %s', async (how) => {
  const at = await bench((kind, _count, _request, response) => {
    if (kind !== (how === 'upload' ? 'PUT' : 'PATCH')) return false
    refuse(response, 503, 'UNAVAILABLE', 'come back later')
    return true
  })
  const stream = Readable.from([BYTES])
  const source = { descriptor, open: async () => stream }
  const sent = how === 'upload' ? at.repository.uploadBlob(source) : at.repository.uploadStream(source)
  await expect(sent).rejects.toMatchObject(failure(/come back later/))
  expect(at.registry.takeRequests().filter((request) => request.startsWith(how === 'upload' ? 'PUT' : 'PATCH'))).toHaveLength(1)
  expect(at.registry.uploads.size).toBe(0)
})

test.each(HOW)('passes on an error of the source without a retry: %s', async (how) => {
  const at = await bench()
  const cause = Object.assign(new Error('the disk is broken'), { code: 'EIO' })
  let opened = 0
  const open = async (): Promise<Readable> => {
    opened++
    return Readable.from((async function* () {
      yield BYTES
      throw cause
    })())
  }
  const sent = how === 'upload' ? at.repository.uploadBlob({ descriptor, open }) : at.repository.uploadStream({ open })
  await expect(sent).rejects.toThrow('the disk is broken')
  expect(opened).toBe(1)
  expect(at.registry.uploads.size).toBe(0)
})

test('rejects a blob of wrong length before the upload', async () => {
  const at = await bench()
  for (const size of [BYTES.length - 1, BYTES.length + 1]) {
    const source = { descriptor: { digest: DIGEST, size }, open: async () => Readable.from([BYTES]) }
    await expect(at.repository.uploadBlob(source)).rejects.toMatchObject({ code: 'CNB_REGISTRY_FAILED' })
  }
  expect(stored(at)).toBe(false)
})

test('uploads in chunks if the registry rejects the whole stream', async () => {
  const at = await bench(undefined, { chunkMaximum: 8 << 20 })
  const bytes = randomBytes(20 << 20)
  const open = async (): Promise<Readable> => Readable.from([bytes.subarray(0, 7), bytes.subarray(7, 9 << 20), bytes.subarray(9 << 20)])
  expect(await at.repository.uploadStream({ open })).toEqual({ digest: digestOf(bytes), size: bytes.length })
  expect(at.registry.repository('a').blobs.get(digestOf(bytes))?.equals(bytes)).toBe(true)
  const ranges = at.registry.requests.filter(({ method }) => method === 'PATCH').map(({ headers }) => headers['content-range'])
  expect(ranges).toEqual([undefined, '0-8388607', '8388608-16777215', '16777216-20971519'])
})

test('does not resend a chunk after a lost reply', async () => {
  const at = await bench((kind, count, request, response, url) => {
    if (kind !== 'PATCH' || count > 1) return false
    request.once('end', () => response.destroy())
    void request.toArray().then((parts) => at.registry.uploads.set(url.pathname.split('/').at(-1)!, Buffer.concat(parts as Buffer[])))
    return true
  }, { chunkMinimum: 1 })
  await at.uploadStream()
  expect(stored(at)).toBe(true)
  expect(at.opened()).toBe(1)
})

test('rejects a required chunk size that is too large for memory', async () => {
  const at = await bench(undefined, { chunkMinimum: 1e12 })
  await expect(at.uploadStream()).rejects.toMatchObject(failure(/chunks of 1000000000000 bytes/))
  expect(at.registry.uploads.size).toBe(0)
})

test.each([
  ['nowhere', undefined, /returned no upload address/],
  ['to another protocol', 'ftp://127.0.0.1/x', /is not an HTTP address/],
  ['to no address', 'http://[', /is not a URL/],
])('rejects an upload address %s', async (_, location, words) => {
  const at = await bench((kind, _count, _request, response) => {
    if (kind !== 'POST') return false
    reply(response, 202, location === undefined ? {} : { location })
    return true
  })
  await expect(at.upload()).rejects.toMatchObject(failure(words))
  await expect(at.repository.checkPush()).rejects.toMatchObject(failure(words))
})

test('sends no credentials to an upload address on another host', async () => {
  const other = await startMemoryRegistry()
  onTestFinished(() => other[Symbol.asyncDispose]())
  const registry = await startMemoryRegistry({ auth: { scheme: 'basic', username: 'u', password: 'p' } })
  onTestFinished(() => registry[Symbol.asyncDispose]())
  const client = openClient({ credentials: { username: 'u', password: 'p' } })
  onTestFinished(() => client.registries.close())
  registry.intercept = (request, response) => {
    if (request.method !== 'POST') return false
    reply(response, 202, { location: `http://${other.address}/v2/a/blobs/uploads/1?_state=s3cret` })
    return true
  }
  other.uploads.set('1', Buffer.alloc(0))
  await client.registries.repository(`${registry.address}/a`, 'push').uploadBlob({ descriptor, open: async () => Readable.from([BYTES]) }, client.context)
  expect(other.repository('a').blobs.has(DIGEST)).toBe(true)
  expect(other.requests.map(({ headers }) => headers.authorization)).toEqual([undefined])
  expect(client.events.join()).not.toContain('s3cret')
})

test('rejects a confirmation of other content', async () => {
  const at = await bench((kind, _count, request, response) => {
    if (kind !== 'PUT') return false
    request.resume().once('end', () => reply(response, 201, { 'docker-content-digest': digestOf('else') }))
    return true
  })
  await expect(at.upload()).rejects.toMatchObject(failure(/stored other content/))
})

test('cancels the session of an access check or a failed mount', async () => {
  const at = await bench(undefined, { mount: false })
  await at.repository.checkPush()
  at.registry.repository('b').blobs.set(DIGEST, BYTES)
  expect(await at.repository.mountBlob(DIGEST, 'b')).toBe(false)
  await vi.waitFor(() => expect(at.registry.uploads.size).toBe(0))
})

test('ends an upload and closes its source on an abort', async () => {
  const controller = new AbortController()
  const at = await bench((kind, _count, request) => {
    if (kind !== 'PUT') return false
    request.once('data', () => controller.abort())
    return true
  })
  const stream = new Readable({ read() { this.push(BYTES.subarray(0, 65536)) } })
  const sent = at.repository.uploadBlob({ descriptor: { digest: DIGEST, size: 1e12 }, open: async () => stream }, controller)
  await expect(sent).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
  expect(stream.destroyed).toBe(true)
})
