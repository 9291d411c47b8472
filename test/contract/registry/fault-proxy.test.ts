/** The fault proxy injects exactly the requested faults. */

import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { digestOf } from '../../../src/oci/digest.ts'
import { makeCertificate, type Certificate } from '../../support/registry/certificate.ts'
import { startFaultProxy, type Fault, type FaultProxy } from '../../support/fakes/fault-proxy.ts'
import { answer, corruptDownload, corruptUpload, cutDownload, cutUpload, endless, lieAboutLength, redirect, reset, silence, stall } from '../../support/fakes/faults.ts'
import { nestedIndexes, oversizedManifest, wideIndex } from '../../support/images/manifest-bombs.ts'
import { pushBlob } from '../../support/images/push-blob.ts'
import { startRegistry, type Registry } from '../../support/registry/registry.ts'
import { openRequest, sendRequest, type Reply, type RequestOptions } from '../../support/registry/send-request.ts'

interface Index {
  manifests: { digest: string }[]
}

const CONTENT = Buffer.alloc(300_000, 'layer ')

describe.each(['http', 'https'])('%s: the fault proxy', (scheme) => {
  let certificate: Certificate | undefined
  let registry: Registry
  let proxy: FaultProxy
  let blob: string

  beforeAll(async () => {
    certificate = scheme === 'https' ? await makeCertificate() : undefined
    registry = await startRegistry({ certificate })
    proxy = await startFaultProxy(registry)
    blob = await pushBlob(registry, 'team/app', CONTENT)
  })

  afterAll(async () => {
    await proxy[Symbol.asyncDispose]()
    await registry[Symbol.asyncDispose]()
    await certificate?.[Symbol.asyncDispose]()
  })

  beforeEach(() => {
    proxy.log.length = 0
  })

  const trust = (): RequestOptions => (certificate ? { ca: certificate.ca } : {})
  const send = (method: string, path: string, options: RequestOptions = {}): Promise<Reply> => sendRequest(method, `${proxy.origin}${path}`, { ...trust(), ...options })
  const spoil = (fault: Fault): void => proxy.inject({ path: /\/blobs\/sha256:/, method: 'GET', fault })

  /** The bytes that arrived before the reply ended or failed, or the client stopped. */
  const read = async (path: string, enough = Infinity): Promise<{ bytes: number; error?: string; headers: IncomingMessage['headers'] }> => {
    const response = await openRequest('GET', `${proxy.origin}${path}`, trust())
    let bytes = 0
    try {
      for await (const chunk of response) if ((bytes += (chunk as Buffer).length) >= enough) break
    } catch (error) {
      return { bytes, error: (error as NodeJS.ErrnoException).code, headers: response.headers }
    }
    return { bytes, headers: response.headers }
  }

  const startUpload = async (): Promise<string> => {
    const location = new URL((await send('POST', '/v2/team/app/blobs/uploads/')).headers.location ?? '')
    expect(location.origin).toBe(proxy.origin)
    return `${location.pathname}${location.search}`
  }

  it('passes uploads and downloads through, and counts their bytes', async () => {
    const content = Buffer.alloc(100_000, 'new')
    const ended = await send('PUT', `${await startUpload()}&digest=${digestOf(content)}`, { body: content, headers: { authorization: 'Basic eDp5' } })
    expect(ended.status).toBe(201)
    expect((await send('GET', `/v2/team/app/blobs/${digestOf(content)}`, { headers: { range: 'bytes=99000-' } })).body.equals(content.subarray(99_000))).toBe(true)
    await send('HEAD', `/v2/team/app/blobs/${digestOf('nothing')}`)
    expect(proxy.log.map(({ method, status, sent, received, spoilt }) => [method, status, sent, received, spoilt])).toEqual([
      ['POST', 202, 0, 0, false], ['PUT', 201, 100_000, 0, false], ['GET', 206, 0, 1000, false], ['HEAD', 404, 0, 0, false],
    ])
    expect(proxy.log[1]?.headers.authorization).toBe('Basic eDp5')
    expect(proxy.log[1]?.query.get('digest')).toBe(digestOf(content))
    expect(proxy.log[2]?.path).toBe(`/v2/team/app/blobs/${digestOf(content)}`)
  })

  it('replies instead of the registry, the given number of times', async () => {
    proxy.inject({ path: /blobs/, times: 2, fault: answer(429, { 'retry-after': '7' }, 'slow down') })
    spoil(answer(503))
    expect((await send('GET', '/v2/')).status).toBe(200)
    const replies = [await send('GET', blob), await send('HEAD', blob), await send('HEAD', blob), await send('GET', blob), await send('GET', blob)]
    expect(replies.map(({ status, headers, body }) => [status, headers['retry-after'], body.length])).toEqual([
      [429, '7', 9], [429, '7', 0], [200, undefined, 0], [503, undefined, 0], [200, undefined, CONTENT.length],
    ])
  })

  it('cuts a download that can be resumed', async () => {
    spoil(cutDownload(1000))
    expect(await read(blob)).toMatchObject({ bytes: 1000, error: 'ECONNRESET' })
    expect((await send('GET', blob, { headers: { range: 'bytes=1000-' } })).body.equals(CONTENT.subarray(1000))).toBe(true)
    expect(proxy.log.map(({ received, spoilt }) => [received, spoilt])).toEqual([[1000, true], [CONTENT.length - 1000, false]])
  })

  it('cuts an upload', async () => {
    proxy.inject({ method: 'PUT', fault: cutUpload(1000) })
    await expect(send('PUT', `${await startUpload()}&digest=${digestOf(CONTENT)}`, { body: CONTENT })).rejects.toThrow(/EPIPE|ECONNRESET|hang up/)
    expect(proxy.log.at(-1)).toMatchObject({ method: 'PUT', status: undefined, sent: 1000 })
  })

  it('flips a bit of a download and of an upload', async () => {
    spoil(corruptDownload())
    const { headers, body } = await send('GET', blob)
    expect(headers['docker-content-digest']).toBe(digestOf(CONTENT))
    expect(body.length).toBe(CONTENT.length)
    expect(body.compare(CONTENT, 0, CONTENT.length - 1, 0, CONTENT.length - 1)).toBe(0)
    expect(body.equals(CONTENT)).toBe(false)
    proxy.inject({ method: 'PUT', fault: corruptUpload() })
    const refused = await send('PUT', `${await startUpload()}&digest=${digestOf(CONTENT)}`, { body: CONTENT })
    expect([refused.status, refused.body.toString()]).toEqual([400, expect.stringContaining('DIGEST_INVALID')])
  })

  it('stalls a body after its first bytes, until the client disconnects', async () => {
    spoil(stall(1000))
    expect(await read(blob, 1000)).toMatchObject({ bytes: 1000, headers: { 'content-length': String(CONTENT.length) } })
  })

  it('sends endless bodies', async () => {
    spoil(endless({ 'content-type': 'text/plain' }))
    const { bytes, headers } = await read(blob, 10_000_000)
    expect(bytes).toBeGreaterThanOrEqual(10_000_000)
    expect(headers).toMatchObject({ 'content-type': 'text/plain', 'transfer-encoding': 'chunked' })
  })

  it('can send no reply', async () => {
    const client = new AbortController()
    const heard = new Promise<void>((resolve) => spoil((exchange) => { resolve(); return silence()(exchange) }))
    const reply = send('GET', blob, { signal: client.signal })
    await heard
    client.abort()
    await expect(reply).rejects.toThrow('aborted')
    expect(proxy.log).toMatchObject([{ status: undefined, received: 0 }])
  })

  it('resets a connection', async () => {
    spoil(reset())
    await expect(send('GET', blob)).rejects.toMatchObject({ code: 'ECONNRESET' })
  })

  it('sends a wrong Content-Length', async () => {
    const length = String(CONTENT.length)
    spoil(lieAboutLength(5))
    expect(await read(blob)).toMatchObject({ bytes: CONTENT.length, error: 'ECONNRESET', headers: { 'content-length': String(CONTENT.length + 5) } })
    spoil(lieAboutLength(-5))
    expect(await read(blob)).toMatchObject({ bytes: CONTENT.length - 5, headers: { 'content-length': String(CONTENT.length - 5) } })
    expect(await read(blob)).toMatchObject({ bytes: CONTENT.length, headers: { 'content-length': length } })
  })

  it('redirects clients to another host, which records requests', async () => {
    await using other = await startFaultProxy()
    other.inject({ fault: answer(200, {}, 'elsewhere') })
    spoil(redirect(other.origin))
    const { status, headers } = await send('GET', blob)
    expect([status, headers.location]).toEqual([307, `${other.origin}${blob}`])
    expect((await sendRequest('GET', headers.location ?? '', { headers: { authorization: 'Bearer secret' } })).body.toString()).toBe('elsewhere')
    expect((await sendRequest('GET', headers.location ?? '')).status).toBe(404)
    expect((await sendRequest('GET', headers.location ?? '')).status).toBe(404)
    expect(other.log.map(({ path, headers: { authorization } }) => [path, authorization])).toEqual([[blob, 'Bearer secret'], [blob, undefined], [blob, undefined]])
  })

  it('sends oversized, wide or deep manifests with correct digests', async () => {
    const get = async (fault: Fault, name = 'latest'): Promise<Reply> => {
      proxy.inject({ path: /\/manifests\//, fault })
      const reply = await send('GET', `/v2/team/app/manifests/${name}`)
      if (reply.status === 200) expect(reply.headers).toMatchObject({ 'docker-content-digest': digestOf(reply.body), 'content-length': String(reply.body.length) })
      return reply
    }
    const indexOf = ({ body }: Reply): Index => JSON.parse(body.toString()) as Index
    expect((await get(oversizedManifest(5_000_000))).body.length).toBeGreaterThan(5_000_000)
    expect(new Set(indexOf(await get(wideIndex(10_000))).manifests.map(({ digest }) => digest)).size).toBe(10_000)
    const deep = nestedIndexes(4, 3)
    const sizes: number[] = []
    for (let name: string | undefined = 'latest'; name !== undefined; ) {
      const { manifests } = indexOf(await get(deep, name))
      sizes.push(manifests.length)
      name = manifests[0]?.digest
    }
    expect(sizes).toEqual([3, 3, 3, 0])
    expect((await get(deep, digestOf('other'))).status).toBe(404)
  })
})

it('closes the fault proxy and pending requests on disposal', async () => {
  const proxy = await startFaultProxy()
  const heard = new Promise<void>((resolve) => proxy.inject({ fault: () => resolve() }))
  const reply = sendRequest('GET', proxy.origin)
  await heard
  await proxy[Symbol.asyncDispose]()
  await expect(reply).rejects.toThrow('hang up')
  const [host, port] = proxy.address.split(':') as [string, string]
  await expect(new Promise((resolve, reject) => connect(Number(port), host, () => resolve('connected')).once('error', reject))).rejects.toThrow('ECONNREFUSED')
})
