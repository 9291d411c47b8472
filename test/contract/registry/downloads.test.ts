/** Downloads from real http and https servers, with faults. */

import { readdir, readFile, writeFile } from 'node:fs/promises'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { CnbError } from '../../../src/base/errors.ts'
import type { CnbEvent } from '../../../src/base/events.ts'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../src/base/files.ts'
import { digestOf } from '../../../src/oci/digest.ts'
import { openContentCache, type ContentCache } from '../../../src/registry/download/content-cache.ts'
import { openDownloads, type Downloads } from '../../../src/registry/download/open-downloads.ts'
import type { DownloadPolicy } from '../../../src/registry/download/url-download.ts'
import { containing, matching } from '../../support/matching.ts'
import { makeCertificate, type Certificate } from '../../support/registry/certificate.ts'
import { listen, type Listening } from '../../support/registry/listen.ts'
import { startProxy } from '../../support/registry/proxy.ts'
import { FakeClock } from '../../support/registry/registry-client.ts'

const CONTENT = Buffer.alloc(300_000, 'package ')
const LIMIT = 1024 * 1024

type Reply = (response: ServerResponse, request: IncomingMessage) => void
const content: Reply = (response) => void response.writeHead(200, { etag: '"1"', 'content-length': CONTENT.length }).end(CONTENT)
const status = (code: number, headers = {}): Reply => (response) => void response.writeHead(code, headers).end('no')
const to = (location: string): Reply => status(302, { location })

let certificate: Certificate
let servers: { plain: Listening; secure: Listening; other: Listening }
/** The replies of the servers to their next requests; the last repeats. */
let replies: Reply[]
let clock: FakeClock
let requests: { server: string; url: string; headers: IncomingMessage['headers'] }[]
let directory: TemporaryDirectory
let cache: ContentCache
let downloads: Downloads
let events: CnbEvent[]

beforeAll(async () => {
  certificate = await makeCertificate()
  const answering = (server: string): RequestListener => (request, response) => {
    requests.push({ server, url: request.url ?? '', headers: request.headers })
    const reply = replies.length > 1 ? replies.shift() : replies[0]
    reply?.(response, request)
  }
  servers = {
    plain: await listen(answering('plain')),
    secure: await listen(answering('secure'), certificate),
    other: await listen(answering('other'), certificate),
  }
})
afterAll(async () => {
  for (const server of Object.values(servers)) await server[Symbol.asyncDispose]()
  await certificate[Symbol.asyncDispose]()
})

const open = (env: Record<string, string> = {}, limits = { bytes: LIMIT, ms: 60_000 }): Downloads =>
  openDownloads({ cache, ca: [Buffer.from(certificate.ca)], env, userAgent: 'cnb/test', clock, limits })
const download = (url: string, policy: DownloadPolicy = 'always', from = downloads, signal?: AbortSignal) =>
  from.download(url, policy, { events: (event) => events.push(event), ...(signal ? { signal } : {}) })
const warnings = (): string[] => events.flatMap((event) => (event.type === 'warning' ? [event.message] : []))
const unfinished = (): Promise<string[]> => readdir(join(directory.path, 'unfinished'))

beforeEach(async () => {
  directory = await makeTemporaryDirectory()
  cache = openContentCache(directory.path, { budget: 1e9 })
  clock = new FakeClock()
  downloads = open()
  replies = [content]
  requests = []
  events = []
})
afterEach(async () => {
  await downloads.close()
  await cache[Symbol.asyncDispose]()
  await directory[Symbol.asyncDispose]()
})

const failure = (message: unknown, code = 'CNB_DOWNLOAD_FAILED') => ({ code, message })

describe('downloadUrl', () => {
  it.each(['plain', 'secure'] as const)('stores the file of a %s server', async (server) => {
    const url = `${servers[server].origin}/a.cnb`
    const { path, digest } = await download(url)
    expect(digest).toBe(digestOf(CONTENT))
    expect(await readFile(path)).toEqual(CONTENT)
    expect(requests).toEqual([{ server, url: '/a.cnb', headers: { host: servers[server].address, connection: 'keep-alive', 'user-agent': 'cnb/test' } }])
    expect(events.map(({ type }) => type)).toEqual(['step.start', 'step.end'])
  })

  it('revalidates the copy with always, and uses it without a request otherwise', async () => {
    const url = `${servers.plain.origin}/a.cnb`
    const first = await download(url)
    for (const policy of ['if-not-present', 'never'] as const) expect(await download(url, policy)).toMatchObject(first)
    expect(requests).toHaveLength(1)
    replies = [status(304)]
    expect(await download(url)).toMatchObject(first)
    expect(requests[1]?.headers['if-none-match']).toBe('"1"')
    replies = [(response) => void response.end('new')]
    expect((await download(url)).digest).toBe(digestOf('new'))
    expect((await download(url, 'never')).digest).toBe(digestOf('new'))
  })

  it('revalidates by date if the server sends no ETag', async () => {
    replies = [(response) => void response.writeHead(200, { 'last-modified': 'Mon, 05 Jan 2026 10:00:00 GMT' }).end('x'), status(304)]
    const first = await download(servers.plain.origin)
    expect(await download(servers.plain.origin)).toMatchObject(first)
    expect(requests[1]?.headers['if-modified-since']).toBe('Mon, 05 Jan 2026 10:00:00 GMT')
  })

  it('downloads again if the copy is damaged', async () => {
    const { path } = await download(servers.plain.origin)
    await writeFile(path, 'damaged')
    expect(await readFile((await download(servers.plain.origin, 'if-not-present')).path)).toEqual(CONTENT)
    expect(requests[1]?.headers['if-none-match']).toBeUndefined()
    expect(warnings()).toEqual([containing('dropped')])
  })

  it('uses the copy with a warning if the server cannot be reached or is overloaded', async () => {
    const gone = await listen((_request, response) => void response.end('x'))
    const first = await download(gone.origin)
    await gone[Symbol.asyncDispose]()
    expect(await download(gone.origin)).toMatchObject(first)
    expect(clock.pauses).toEqual([])
    expect(warnings()).toEqual([matching(/^using the copy of http:\/\/127.*\/ in the cache, which may be old: cannot download .*ECONNREFUSED/)])
    const copy = await download(servers.plain.origin)
    replies = [status(503)]
    expect(await download(servers.plain.origin)).toMatchObject(copy)
    expect(warnings()[1]).toContain('status 503')
  })

  it('does not use the copy if the server denies or no longer has the file', async () => {
    await download(servers.plain.origin)
    for (const code of [401, 404]) {
      replies = [status(code)]
      await expect(download(servers.plain.origin)).rejects.toMatchObject({ code: 'CNB_DOWNLOAD_FAILED' })
    }
  })

  it('fails without a copy if the policy is never', async () => {
    await expect(download(`${servers.plain.origin}/a`, 'never')).rejects.toMatchObject(failure(`cannot use ${servers.plain.origin}/a: it is not in the cache, and the pull policy is never`))
    expect(requests).toEqual([])
  })

  it.each([
    [401, 'the server denies access'],
    [403, 'the server denies access'],
    [404, 'the server does not have the file'],
    [418, 'the server replied with status 418'],
    [206, 'the server replied with status 206'],
  ])('reports status %i', async (code, why) => {
    replies = [status(code)]
    await expect(download(`${servers.plain.origin}/a?token=secret`)).rejects.toMatchObject(failure(`cannot download ${servers.plain.origin}/a: ${why}`))
    expect(requests).toHaveLength(1)
  })

  it('retries a busy server and a broken connection', async () => {
    const broken: Reply = (response) => {
      response.writeHead(200, { 'content-length': CONTENT.length })
      response.write(CONTENT.subarray(0, 1000), () => response.destroy())
    }
    replies = [status(503), broken, broken, content]
    expect((await download(servers.plain.origin)).digest).toBe(digestOf(CONTENT))
    expect(await unfinished()).toEqual([])
  })

  it('fails after four tries of a connection that always breaks, and leaves nothing', async () => {
    replies = [(response) => void response.writeHead(200, { 'content-length': CONTENT.length }).write('x', () => response.destroy())]
    await expect(download(servers.plain.origin)).rejects.toMatchObject(failure(containing(`cannot download ${servers.plain.origin}/: `)))
    expect(requests).toHaveLength(4)
    expect(await unfinished()).toEqual([])
    expect(await cache.fact('url', `${servers.plain.origin}/`)).toBeUndefined()
  })

  it('stops an endless file at the limit', async () => {
    const chunk = Buffer.alloc(64 * 1024)
    const more: Reply = (response) => void response.write(chunk, () => !response.destroyed && more(response, null as never))
    replies = [more]
    await expect(download(servers.plain.origin)).rejects.toMatchObject(failure(`cannot download ${servers.plain.origin}/: the content is larger than ${LIMIT} bytes`))
    expect(await unfinished()).toEqual([])
  })

  it('stops a stalled file at the time limit', async () => {
    replies = [(response) => void response.write('x')]
    const hasty = open({}, { bytes: LIMIT, ms: 300 })
    await expect(download(servers.plain.origin, 'always', hasty)).rejects.toMatchObject(failure(`cannot download ${servers.plain.origin}/: it takes longer than 0.3 s`))
    expect(await unfinished()).toEqual([])
    await hasty.close()
  })

  it('stops when it is aborted, and leaves nothing', async () => {
    const controller = new AbortController()
    replies = [(response) => void response.write('x', () => controller.abort(new CnbError('CNB_INTERRUPTED', 'stopped')))]
    await expect(download(servers.plain.origin, 'always', downloads, controller.signal)).rejects.toMatchObject(failure('stopped', 'CNB_INTERRUPTED'))
    expect(await unfinished()).toEqual([])
  })

  it('uses the proxy of the environment', async () => {
    await using proxy = await startProxy(servers.secure.address)
    const proxied = open({ HTTPS_PROXY: `http://${proxy.address}`, NO_PROXY: '' })
    expect((await download('https://registry.invalid/a.cnb', 'always', proxied)).digest).toBe(digestOf(CONTENT))
    expect(new Set(proxy.asked)).toEqual(new Set(['CONNECT registry.invalid:443 -']))
    await proxied.close()
  })

  it('does not accept an unknown certificate', async () => {
    const strict = openDownloads({ cache, ca: [], env: {}, userAgent: 'cnb/test', clock: new FakeClock() })
    await expect(download(servers.secure.origin, 'always', strict)).rejects.toMatchObject({ code: 'CNB_DOWNLOAD_FAILED', hint: containing('--ca-cert') })
    await strict.close()
  })

  it.each(['file:///etc/passwd', 'ftp://host/x', 'nothing'])('refuses %s', async (url) => {
    await expect(download(url)).rejects.toMatchObject({ code: 'CNB_USAGE' })
  })
})

describe('redirects of downloads', () => {
  const redirected = async (from: Listening, location: string): Promise<string[]> => {
    replies = [to(location), content]
    await download(from.origin)
    return requests.map(({ server }) => server)
  }

  it('follows them to another path, and over https to another host', async () => {
    expect(await redirected(servers.plain, '/elsewhere')).toEqual(['plain', 'plain'])
    requests = []
    expect(await redirected(servers.secure, `${servers.other.origin}/elsewhere`)).toEqual(['secure', 'other'])
    requests = []
    expect(await redirected(servers.plain, `${servers.other.origin}/elsewhere`)).toEqual(['plain', 'other'])
  })

  it('refuses them without https to another host, from https to http, and to other schemes', async () => {
    await using unsafe = await listen((_request, response) => void response.end('x'))
    await expect(redirected(servers.plain, unsafe.origin)).rejects.toMatchObject(failure(containing(`the server's redirect leads to another host without https, ${unsafe.address}`)))
    await expect(redirected(servers.secure, servers.plain.origin)).rejects.toMatchObject(failure(containing("the server's redirect leads from https to http")))
    await expect(redirected(servers.secure, 'file:///etc/passwd')).rejects.toMatchObject(failure(containing("the server's redirect is not an HTTP address")))
  })

  it('fails after ten', async () => {
    replies = [to('/again')]
    await expect(download(servers.plain.origin)).rejects.toMatchObject(failure(containing('the server redirects more than 10 times')))
    expect(requests).toHaveLength(11)
  })

  it('sends no or password of the address to another host', async () => {
    replies = [to('/next'), to(`${servers.other.origin}/x`), content]
    await download(servers.secure.origin.replace('//', '//us%40er:pass@'))
    expect(requests.map(({ headers }) => headers.authorization)).toEqual([`Basic ${Buffer.from('us@er:pass').toString('base64')}`, `Basic ${Buffer.from('us@er:pass').toString('base64')}`, undefined])
    // They are not part of the name in the cache.
    expect((await download(servers.secure.origin, 'never')).digest).toBe(digestOf(CONTENT))
  })

  it('shows no user, password and query in errors', async () => {
    replies = [status(404)]
    const error = await download(servers.secure.origin.replace('//', '//user:secret@') + '/a?token=secret').catch((thrown: unknown) => thrown as CnbError)
    expect(JSON.stringify([error, (error as CnbError).message, events])).not.toContain('secret')
  })
})
