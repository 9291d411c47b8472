import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer as createTcpServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../../src/base/files.ts'
import { extraCertificates, registryCertificates } from '../../../../src/registry/transport/certificates.ts'
import { startMemoryRegistry, type MemoryRegistry } from '../../../support/fakes/memory-registry.ts'
import { startProxy } from '../../../support/registry/proxy.ts'
import { openClient, reach, type TestClient } from '../../../support/registry/registry-client.ts'

const execute = promisify(execFile)
const HOST = 'registry.invalid'

/** A private CA, and certificates from it: for 127.0.0.1 and HOST, and for HOST alone. */
interface Certificates {
  ca: string
  good: { key: string; cert: string }
  other: { key: string; cert: string }
}

let certificates: Certificates
let directory: TemporaryDirectory

beforeAll(async () => {
  directory = await makeTemporaryDirectory('cnb-test-')
  const openssl = (...args: string[]): Promise<unknown> => execute('openssl', args, { cwd: directory.path })
  const make = async (name: string, ...more: string[]): Promise<{ key: string; cert: string }> => {
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
    await openssl('req', '-x509', ...curve, '-days', '2', '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.crt`, ...more)
    const [key, cert] = await Promise.all(['key', 'crt'].map((end) => readFile(join(directory.path, `${name}.${end}`), 'utf8')))
    return { key: key!, cert: cert! }
  }
  const { cert: ca } = await make('ca', '-addext', 'basicConstraints=critical,CA:TRUE')
  const leaf = (name: string, names: string): Promise<{ key: string; cert: string }> =>
    make(name, '-CA', 'ca.crt', '-CAkey', 'ca.key', '-addext', `subjectAltName=${names}`, '-addext', 'basicConstraints=critical,CA:FALSE')
  certificates = { ca, good: await leaf('good', `IP:127.0.0.1,DNS:${HOST}`), other: await leaf('other', `DNS:${HOST}`) }
  return () => directory[Symbol.asyncDispose]()
})

async function serve(tls?: Certificates['good']): Promise<MemoryRegistry> {
  const registry = await startMemoryRegistry({ tls })
  onTestFinished(() => registry[Symbol.asyncDispose]())
  return registry
}

function open(options: Parameters<typeof openClient>[0] = {}): TestClient {
  const client = openClient(options)
  onTestFinished(() => client.registries.close())
  return client
}

const unreachable = (words: RegExp): object => ({ code: 'CNB_REGISTRY_UNREACHABLE', message: expect.stringMatching(words) })

test('rejects a private CA with a hint, and sends nothing over plain HTTP', async () => {
  const registry = await serve(certificates.good)
  expect(await reach(registry.address, open())).toMatchObject({
    ...unreachable(/certificate/),
    hint: expect.stringMatching(new RegExp(`--ca-cert.*--insecure-registry ${registry.address}`)),
  })
  expect(registry.requests).toEqual([])
})

test('trusts a private CA from any source', async () => {
  const registry = await serve(certificates.good)
  const folder = join(directory.path, 'certs')
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'mine.pem'), certificates.ca)
  const file = join(folder, 'mine.pem')
  for (const options of [{ ca: [Buffer.from(certificates.ca)] }, { env: { SSL_CERT_FILE: file } }, { env: { SSL_CERT_DIR: `/nowhere:${folder}` } }]) {
    expect(await reach(registry.address, open(options))).toBe('reached')
  }
})

test('tries once without TLS and once without the private CA, not for each connection', async () => {
  const registry = await serve(certificates.good)
  const client = open({ ca: [Buffer.from(certificates.ca)] })
  await reach(registry.address, client)
  expect(registry.connections).toBe(3)
  await Promise.all(Array.from({ length: 20 }, () => reach(registry.address, client)))
  expect(registry.connections).toBeLessThanOrEqual(2 + 8)
})

test('rejects a certificate for another host', async () => {
  const registry = await serve(certificates.other)
  expect(await reach(registry.address, open({ ca: [Buffer.from(certificates.ca)] }))).toMatchObject(unreachable(/altnames|127\.0\.0\.1/))
})

test('accepts any certificate for an insecure registry only', async () => {
  const [insecure, other] = [await serve(certificates.other), await serve(certificates.other)]
  const client = open({ insecure: [insecure.address] })
  expect(await reach(insecure.address, client)).toBe('reached')
  expect(await reach(other.address, client)).toMatchObject(unreachable(/certificate/))
})

test.each(['', 'nothing', '-----BEGIN CERTIFICATE-----\nbm90aGluZw==\n-----END CERTIFICATE-----'])("rejects the CA certificate '%s'", (pem) => {
  expect(() => open({ ca: [Buffer.from(certificates.ca), Buffer.from(pem)] })).toThrow(
    expect.objectContaining({ code: 'CNB_USAGE', hint: expect.stringContaining('--ca-cert') }),
  )
})

test("finds the system's certificates and those of Docker's directory for a registry, each once", async () => {
  const folder = join(directory.path, 'docker')
  await mkdir(join(folder, 'r.example:5000'), { recursive: true })
  await writeFile(join(folder, 'r.example:5000', 'ca.crt'), certificates.ca)
  await writeFile(join(folder, 'r.example:5000', 'client.cert'), certificates.good.cert)
  expect((await registryCertificates('r.example:5000', [folder])).map((text) => `${text}\n`)).toEqual([certificates.ca])
  expect(await registryCertificates('r.example', [folder])).toEqual([])
  const ca = Buffer.from(certificates.ca)
  const found = await extraCertificates([ca, ca], {})
  expect(found.filter((text) => certificates.ca.includes(text))).toHaveLength(1)
})

test.each([
  ['SSL_CERT_FILE', '/dev/zero', 'is larger than 16 MiB'],
  ['SSL_CERT_FILE', '/etc', 'is a directory'],
])('rejects %s=%s with its name', async (variable, path, why) => {
  const registry = await serve(certificates.good)
  expect(await reach(registry.address, open({ env: { [variable]: path } }))).toMatchObject({
    code: 'CNB_USAGE',
    message: `cannot read the certificates in ${path}: ${why}`,
  })
})

async function closedHost(): Promise<string> {
  const closed = createTcpServer().listen(0, '127.0.0.1')
  await once(closed, 'listening')
  const host = `127.0.0.1:${(closed.address() as AddressInfo).port}`
  closed.close()
  await once(closed, 'close')
  return host
}

test('makes four attempts at an unreachable registry, then none for a while', async () => {
  const host = await closedHost()
  const client = open()
  expect(await reach(host, client)).toMatchObject({ ...unreachable(/ECONNREFUSED/), hint: expect.stringContaining('proxy') })
  expect(client.clock.pauses).toHaveLength(3)
  expect(await reach(host, client)).toMatchObject(unreachable(/ECONNREFUSED/))
  expect(client.clock.pauses).toHaveLength(3)
  client.clock.time += 60_000
  await reach(host, client)
  expect(client.clock.pauses).toHaveLength(6)
})

test('makes one attempt at a closed port for a caller with a copy, and four for the others', async () => {
  const host = await closedHost()
  const client = open()
  const read = (hasCopy: boolean) => client.registries.repository(`${host}/app`).manifest('1', { ...client.context, hasCopy }).catch((error: unknown) => error)
  for (const pauses of [0, 0]) {
    expect(await read(true)).toMatchObject(unreachable(/ECONNREFUSED/))
    expect(client.clock.pauses).toHaveLength(pauses)
  }
  expect(await read(false)).toMatchObject(unreachable(/ECONNREFUSED/))
  expect(client.clock.pauses).toHaveLength(3)
  await Promise.all([read(true), read(false)])
  expect(client.clock.pauses).toHaveLength(3)
  client.clock.time += 60_000
  await Promise.all([read(true), read(false)])
  expect(client.clock.pauses).toHaveLength(6)
})

test('uses few connections for many requests', async () => {
  const registry = await serve()
  const client = open()
  await Promise.all(Array.from({ length: 100 }, (_, index) => client.registries.repository(`${registry.address}/r${index}`).resolve('x')))
  // An additional connection was the TLS attempt.
  expect(registry.connections).toBeLessThanOrEqual(1 + 8)
  const before = registry.connections
  for (let index = 0; index < 20; index++) await reach(registry.address, client)
  expect(registry.connections).toBe(before)
})

test('limits concurrent requests', async () => {
  const registry = await serve()
  const client = open({ concurrency: 2 })
  await reach(registry.address, client)
  let [now, most] = [0, 0]
  registry.intercept = async () => {
    most = Math.max(most, ++now)
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
    now--
    return false
  }
  await Promise.all(Array.from({ length: 10 }, () => reach(registry.address, client)))
  expect(most).toBe(2)
})

test('aborts running requests on close', async () => {
  const registry = await serve()
  const client = open()
  await reach(registry.address, client)
  registry.intercept = () => {
    void client.registries.close()
    return true
  }
  expect(await reach(registry.address, client)).toMatchObject({ code: 'CNB_INTERRUPTED' })
})

test('names the issuer of an untrusted certificate in a ping, also through a proxy', async () => {
  const registry = await serve(certificates.good)
  const words = /certificate of 'good', issued by 'ca', valid until \d{4}-\d\d-\d\d/
  await expect(open().registries.ping(registry.address)).rejects.toMatchObject({ ...unreachable(words), hint: expect.stringContaining('--ca-cert') })
  const proxy = await startProxy(registry.address)
  onTestFinished(() => proxy[Symbol.asyncDispose]())
  await expect(open({ env: { HTTPS_PROXY: `http://${proxy.address}` } }).registries.ping(HOST)).rejects.toMatchObject(unreachable(words))
  expect(await open({ ca: [Buffer.from(certificates.ca)] }).registries.ping(registry.address)).toMatchObject({ origin: `https://${registry.address}`, isAllowed: true })
})
