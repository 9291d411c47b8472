/** The registry client with injected faults: retries lost data and rejects wrong data. */

import { buffer } from 'node:stream/consumers'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openRegistryImages } from '../../../src/images/remote/registry-source.ts'
import { digestOf } from '../../../src/oci/digest.ts'
import { makeCertificate, type Certificate } from '../../support/registry/certificate.ts'
import { startFaultProxy, type Fault, type FaultProxy } from '../../support/fakes/fault-proxy.ts'
import { answer, corruptDownload, corruptUpload, cutDownload, cutUpload, endless, lieAboutLength, redirect, reset, silence, stall } from '../../support/fakes/faults.ts'
import { nestedIndexes, oversizedManifest, wideIndex } from '../../support/images/manifest-bombs.ts'
import { pushBlob } from '../../support/images/push-blob.ts'
import { openClient, type TestClient } from '../../support/registry/registry-client.ts'
import { BASIC_USER, startRegistry, type Registry } from '../../support/registry/registry.ts'

const CONTENT = Buffer.alloc(300_000, 'layer ')
const DIGEST = digestOf(CONTENT)
const AMD64 = { os: 'linux', architecture: process.arch === 'arm64' ? 'arm64' : 'amd64' }

describe.each(['http', 'https with Basic'])('%s: the registry client', (scheme) => {
  let certificate: Certificate | undefined
  let registry: Registry
  let proxy: FaultProxy
  let elsewhere: FaultProxy
  let client: TestClient

  beforeAll(async () => {
    const isSecure = scheme !== 'http'
    certificate = isSecure ? await makeCertificate() : undefined
    registry = await startRegistry({ certificate, ...(isSecure ? { auth: 'basic' as const } : {}) })
    proxy = await startFaultProxy(registry)
    elsewhere = await startFaultProxy()
    await pushBlob(registry, 'team/app', CONTENT)
  })

  beforeEach(async () => {
    await client?.[Symbol.asyncDispose]()
    proxy.clear()
    elsewhere.clear()
    client = openClient({ ...(certificate ? { ca: [Buffer.from(certificate.ca)] } : {}), credentials: { ...BASIC_USER } })
  })

  afterAll(async () => {
    await client[Symbol.asyncDispose]()
    await Promise.all([proxy, elsewhere].map((each) => each[Symbol.asyncDispose]()))
    await registry[Symbol.asyncDispose]()
    await certificate?.[Symbol.asyncDispose]()
  })

  const repository = () => client.registries.repository(`${proxy.address}/team/app`, 'push')
  const download = async (): Promise<Buffer> => buffer(await repository().blob({ digest: DIGEST, size: CONTENT.length }))
  const spoilDownloads = (fault: Fault, times = 1): void => proxy.inject({ method: 'GET', path: /\/blobs\/sha256:/, times, fault })
  const upload = async (text: string): Promise<void> => {
    const content = Buffer.alloc(200_000, text)
    const descriptor = { digest: digestOf(content), size: content.length }
    await repository().uploadBlob({ descriptor, open: async () => Readable.from([content], { objectMode: false }) })
    expect(await repository().hasBlob(descriptor.digest)).toBe(true)
  }
  const find = () => openRegistryImages(client.registries, AMD64).find(`${proxy.address}/team/app:bomb`)

  it.each<[string, Fault]>([
    ['a 429 with Retry-After', answer(429, { 'retry-after': '7' })],
    ['a 500', answer(500)],
    ['a 503', answer(503, {}, '<html>maintenance</html>')],
    ['a reset connection', reset()],
    ['a download that is cut', cutDownload(100_000)],
    ['a Content-Length that promises less', lieAboutLength(-1000)],
  ])('retries after %s', async (_, fault) => {
    spoilDownloads(fault)
    expect((await download()).equals(CONTENT)).toBe(true)
    expect(proxy.log.filter(({ spoilt }) => spoilt)).toHaveLength(1)
  })

  it('accepts complete content despite a too large Content-Length', async () => {
    spoilDownloads(lieAboutLength(1000))
    expect((await download()).equals(CONTENT)).toBe(true)
    expect(proxy.log.filter(({ path, method }) => method === 'GET' && path.includes('/blobs/'))).toHaveLength(1)
  })

  it('waits as long as Retry-After says', async () => {
    spoilDownloads(answer(429, { 'retry-after': '7' }))
    await download()
    expect(client.clock.pauses).toContain(7000)
  })

  it('resumes an interrupted download', async () => {
    spoilDownloads(cutDownload(200_000))
    await download()
    expect(proxy.log.at(-1)?.headers.range).toMatch(/^bytes=[1-9]/)
  })

  it.each<[string, Fault, string]>([
    ['bytes that are not the digest’s', corruptDownload(), 'CNB_REGISTRY_FAILED'],
    ['more bytes than the blob has', endless(), 'CNB_REGISTRY_FAILED'],
    ['500 again and again', answer(500), 'CNB_REGISTRY_FAILED'],
    ['a refusal', answer(403), 'CNB_REGISTRY_DENIED'],
  ])('rejects a blob with %s', async (_, fault, code) => {
    proxy.inject({ method: 'GET', path: /\/blobs\/sha256:/, times: 10, fault })
    await expect(download()).rejects.toMatchObject({ code })
  })

  it('aborts a stalled body with the signal of the caller', async () => {
    spoilDownloads(stall(1000))
    const stop = new AbortController()
    const blob = await repository().blob({ digest: DIGEST, size: CONTENT.length }, { signal: stop.signal })
    blob.once('data', () => stop.abort())
    await expect(buffer(blob)).rejects.toThrow()
  })

  it('aborts a request without a reply with the signal of the caller', async () => {
    proxy.inject({ method: 'HEAD', fault: silence() })
    const stop = new AbortController()
    const asking = repository().resolve('latest', { signal: stop.signal })
    stop.abort()
    await expect(asking).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
  })

  it.each<[string, Fault]>([
    ['an upload that is cut', cutUpload(50_000)],
    ['a reset', reset()],
    ['a 503', answer(503)],
  ])('retries after %s, with a complete blob', async (name, fault) => {
    proxy.inject({ method: 'PUT', path: /\/uploads\//, fault })
    await upload(name)
    expect(proxy.log.some(({ spoilt }) => spoilt)).toBe(true)
  })

  it('reports an upload that was corrupted on the way', async () => {
    proxy.inject({ method: 'PUT', path: /\/uploads\//, times: 10, fault: corruptUpload() })
    await expect(upload('garbled')).rejects.toMatchObject({ code: 'CNB_REGISTRY_FAILED' })
  })

  it('sends no credentials after a redirect to another host', async () => {
    elsewhere.inject({ method: 'GET', fault: answer(200, { 'content-type': 'application/octet-stream' }, CONTENT) })
    spoilDownloads(redirect(elsewhere.origin))
    // A redirect from https to plain HTTP is not followed.
    const isFollowed = scheme === 'http'
    const found = await download().catch((error: unknown) => error)
    if (isFollowed) expect((found as Buffer).equals(CONTENT)).toBe(true)
    else expect(found).toMatchObject({ code: 'CNB_REGISTRY_FAILED' })
    expect(elsewhere.log).toHaveLength(isFollowed ? 1 : 0)
    for (const { headers } of elsewhere.log) expect(headers).not.toHaveProperty('authorization')
  })

  it.each<[string, Fault]>([
    ['a manifest of 100 MB', oversizedManifest(100_000_000)],
    ['an index of 100 000 images', wideIndex(100_000)],
    ['indexes in indexes', nestedIndexes(8)],
    ['a manifest without end', endless({ 'content-type': 'application/vnd.oci.image.manifest.v1+json' })],
  ])('rejects %s after few requests', async (_, fault) => {
    proxy.inject({ path: /\/manifests\//, times: 100, fault })
    await expect(find()).rejects.toMatchObject({ code: expect.stringMatching(/^CNB_(IMAGE_INVALID|REGISTRY_FAILED|PLATFORM_MISMATCH)$/) })
    expect(proxy.log.filter(({ path }) => path.includes('/manifests/')).length).toBeLessThan(6)
  })
})
