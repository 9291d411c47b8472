/** The shipped bundle with real registries: directly, with TLS, and through proxies. */

import { beforeAll, describe, expect, it } from 'vitest'
import type { ImageInspection } from '../../../src/operations/inspect/inspect.ts'
import { HOST_BEHIND_PROXY, makeCertificate, type Certificate } from '../../support/registry/certificate.ts'
import { runCnb, succeedJson } from '../../support/cnb.ts'
import { craftApp } from '../../support/images/crafted-app.ts'
import { startProxy } from '../../support/registry/proxy.ts'
import { pushImage } from '../../support/images/push-image.ts'
import { openClient } from '../../support/registry/registry-client.ts'
import { startRegistry, type Registry } from '../../support/registry/registry.ts'

const NO_ENGINE = { DOCKER_HOST: 'unix:///nonexistent/docker.sock', DOCKER_CONTEXT: undefined }
let certificate: Certificate
let plain: Registry
let secure: Registry

beforeAll(async () => {
  certificate = await makeCertificate()
  plain = await startRegistry()
  secure = await startRegistry({ certificate })
  for (const { address } of [plain, secure]) {
    await using client = openClient({ ca: [Buffer.from(certificate.ca)] })
    await pushImage(client.registries, `${address}/team/app:1`, await craftApp())
  }
  return async () => {
    for (const each of [plain, secure, certificate]) await each[Symbol.asyncDispose]()
  }
})

const inspectThere = (host: string, env: Record<string, string>, ...more: string[]): Promise<ImageInspection> =>
  succeedJson<ImageInspection>(['inspect', '--remote', `${host}/team/app:1`, '--ca-cert', certificate.caPath, ...more], { env: { ...NO_ENGINE, ...env } })

describe('the bundle', () => {
  it('reads over plain HTTP and over TLS', async () => {
    for (const { address } of [plain, secure]) expect(await inspectThere(address, {})).toMatchObject({ source: 'registry' })
  })

  it.each(['http', 'https'])('reads over TLS through an %s proxy', async (scheme) => {
    await using proxy = await startProxy(secure.address, { login: 'me:pr0xy', ...(scheme === 'https' ? { tls: certificate } : {}) })
    const found = await inspectThere(HOST_BEHIND_PROXY, { HTTPS_PROXY: `${scheme}://me:pr0xy@${proxy.address}`, HTTP_PROXY: 'http://127.0.0.1:1' })
    expect(found).toMatchObject({ source: 'registry' })
    expect(proxy.asked[0]).toBe(`CONNECT ${HOST_BEHIND_PROXY}:443 me:pr0xy`)
  })

  it('reads over plain HTTP through a proxy', async () => {
    await using proxy = await startProxy(plain.address)
    const host = `${HOST_BEHIND_PROXY}:5000`
    const env = { HTTP_PROXY: proxy.address, NO_PROXY: `${HOST_BEHIND_PROXY}:443` }
    expect(await inspectThere(host, env, '--insecure-registry', host)).toMatchObject({ source: 'registry' })
    expect(proxy.asked[0]).toBe(`GET http://${host}/v2/ -`)
  })

  it.each(['https', 'http'] as const)('uploads through proxies to %s with the bundled undici', async (scheme) => {
    const registry = scheme === 'https' ? secure : plain
    await using proxy = await startProxy(registry.address)
    const env = { HTTPS_PROXY: scheme === 'https' ? proxy.address : '127.0.0.1:1', HTTP_PROXY: proxy.address }
    const host = scheme === 'https' ? HOST_BEHIND_PROXY : `${HOST_BEHIND_PROXY}:5000`
    await using client = openClient({ env, ca: [Buffer.from(certificate.ca)], insecure: scheme === 'https' ? [] : [host] })
    const { digest } = await pushImage(client.registries, `${host}/team/pushed:1`, await craftApp())
    const found = await registry.request('HEAD', '/v2/team/pushed/manifests/1', { headers: { accept: 'application/vnd.oci.image.manifest.v1+json' } })
    expect(found.headers['docker-content-digest']).toBe(digest)
  })

  it('reports the proxy that refuses', async () => {
    await using proxy = await startProxy(secure.address, { login: 'me:pr0xy' })
    const { code, stderr } = await runCnb(['inspect', '--remote', `${HOST_BEHIND_PROXY}/team/app:1`], { env: { ...NO_ENGINE, HTTPS_PROXY: proxy.address } })
    expect(code).toBe(1)
    expect(stderr).toContain(`the proxy http://${proxy.address} (HTTPS_PROXY) refuses to connect to ${HOST_BEHIND_PROXY}:443: status 407`)
  })
})
