import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { digestOf } from '../../../../src/oci/digest.ts'
import type { Repository } from '../../../../src/registry/registry.ts'
import { reply, startMemoryRegistry, type MemoryRegistry } from '../../../support/fakes/memory-registry.ts'
import { openClient, type TestClient } from '../../../support/registry/registry-client.ts'

const BYTES = randomBytes(300_000)
const DIGEST = digestOf(BYTES)

type Answer = (request: IncomingMessage, response: ServerResponse, count: number) => void

interface Bench extends TestClient {
  registry: MemoryRegistry
  repository: Repository
  /** The `Range` of each request for the blob. */
  ranges: (string | undefined)[]
}

/** A repository with replies for its blob from `answer`; `count` starts at 1. */
async function bench(answer: Answer): Promise<Bench> {
  const registry = await startMemoryRegistry()
  const client = openClient()
  onTestFinished(async () => {
    await client.registries.close()
    await registry[Symbol.asyncDispose]()
  })
  const ranges: (string | undefined)[] = []
  registry.intercept = (request, response, url) => {
    if (!url.pathname.includes('/blobs/')) return false
    ranges.push(request.headers.range)
    answer(request, response, ranges.length)
    return true
  }
  return { ...client, registry, ranges, repository: client.registries.repository(`${registry.address}/a`) }
}

const startOf = ({ headers }: IncomingMessage): number => Number(/bytes=(\d+)-/.exec(headers.range ?? '')?.[1] ?? 0)

/** Sends a part of the blob from `start` on with the full length, then closes the connection. */
function cut(response: ServerResponse, start: number, count: number): void {
  const range = start > 0 ? { 'content-range': `bytes ${start}-${BYTES.length - 1}/${BYTES.length}` } : {}
  response.writeHead(start > 0 ? 206 : 200, { ...range, 'content-length': BYTES.length - start })
  response.write(BYTES.subarray(start, start + count), () => response.destroy())
}

const read = async ({ repository }: Bench, size: number | undefined = BYTES.length): Promise<Buffer> => buffer(await repository.blob({ digest: DIGEST, size }))
const failure = (words: RegExp, code = 'CNB_REGISTRY_FAILED'): object => ({ code, message: expect.stringMatching(words) })

test.each([BYTES.length, undefined])('resumes a lost connection (size %s)', async (size) => {
  const { ranges, ...rest } = await bench((request, response, count) => (count < 4 ? cut(response, startOf(request), 100_000) : reply(response, 500)))
  const bytes = await read({ ranges, ...rest }, size)
  expect(bytes.equals(BYTES)).toBe(true)
  expect(ranges[0]).toBeUndefined()
  expect(ranges.slice(1).every((range) => /^bytes=[1-9]\d*-$/.test(range ?? ''))).toBe(true)
})

test('skips known bytes if the registry sends everything again', async () => {
  const all = await bench((_request, response, count) => (count === 1 ? cut(response, 0, 100_000) : reply(response, 200, {}, BYTES)))
  expect((await read(all)).equals(BYTES)).toBe(true)
})

test('rejects another range than requested', async () => {
  const other = await bench((_request, response, count) =>
    count === 1 ? cut(response, 0, 100_000) : reply(response, 206, { 'content-range': 'bytes 5-' }, BYTES.subarray(5)))
  await expect(read(other)).rejects.toMatchObject(failure(/another range than requested/))
})

test('stops after four attempts without progress', async () => {
  const hopeless = await bench((request, response) => cut(response, startOf(request), 10))
  await expect(read(hopeless)).rejects.toMatchObject(failure(/cannot read the blob/, 'CNB_REGISTRY_UNREACHABLE'))
  expect(hopeless.ranges).toHaveLength(4)
  expect(hopeless.clock.pauses).toHaveLength(3)
})

test('fails at the end for a wrong digest', async () => {
  const wrong = await bench((_request, response) => reply(response, 200, {}, randomBytes(BYTES.length)))
  await expect(read(wrong)).rejects.toMatchObject(failure(/the content has digest sha256:/))
})

test('rejects more bytes than the size, even an endless body', async () => {
  const bomb = await bench((_request, response) => {
    const more = (): void => void (response.destroyed || response.write(BYTES, () => setImmediate(more)))
    response.writeHead(200)
    more()
  })
  await expect(read(bomb)).rejects.toMatchObject(failure(/it is larger than 300000 bytes/))
})

test('retries after an early end', async () => {
  const short = await bench((request, response, count) => {
    const start = startOf(request)
    reply(response, start > 0 ? 206 : 200, start > 0 ? { 'content-range': `bytes ${start}-` } : {}, count === 1 ? BYTES.subarray(0, 1000) : BYTES.subarray(start))
  })
  expect((await read(short)).equals(BYTES)).toBe(true)
  const always = await bench((_request, response) => reply(response, 200, {}, BYTES.subarray(0, 1000)))
  await expect(read(always)).rejects.toMatchObject(failure(/it ends after 1000 of 300000 bytes/))
})

test('continues after a wrong Content-Length', async () => {
  const lying = await bench((request, response) => {
    const start = startOf(request)
    if (start > 0) reply(response, 206, { 'content-range': `bytes ${start}-` }, BYTES.subarray(start))
    else reply(response, 200, { 'content-length': 1000 }, BYTES.subarray(0, 1000))
  })
  expect((await read(lying)).equals(BYTES)).toBe(true)
})

test.each(['destroyed', 'aborted'])('closes the connection of a stream that is %s, even while it is stalled', async (how) => {
  let closed: Promise<unknown> | undefined
  const slow = await bench((_request, response) => {
    closed = once(response, 'close')
    response.writeHead(200, { 'content-length': BYTES.length })
    response.write(BYTES.subarray(0, 1000))
  })
  const controller = new AbortController()
  const stream = await slow.repository.blob({ digest: DIGEST, size: BYTES.length }, controller)
  await once(stream, 'data')
  const ended = once(stream, 'close').catch((error: unknown) => error)
  if (how === 'aborted') controller.abort()
  else stream.destroy()
  await closed
  const error = await ended
  if (how === 'aborted') expect(error).toMatchObject({ code: 'CNB_INTERRUPTED' })
})

test('buffers a bounded amount of an unread stream', async () => {
  let sent = 0
  const endless = await bench((_request, response) => {
    const more = (): void => {
      while (!response.destroyed && response.write(BYTES)) sent++
      response.once('drain', more)
    }
    response.writeHead(200)
    more()
  })
  const stream = await endless.repository.blob({ digest: DIGEST })
  await once(stream, 'readable')
  const before = sent
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
  expect((sent - before) * BYTES.length).toBeLessThan(20 << 20)
  stream.destroy()
})
