import { writeFile } from 'node:fs/promises'
import { createServer, connect as connectSocket } from 'node:net'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import { once } from 'node:events'
import type { AddressInfo, Server, Socket } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../../src/base/files.ts'
import { connectEngine } from '../../../../src/docker/connection/connect.ts'
import { resolveEndpoint } from '../../../../src/docker/connection/endpoint.ts'
import type { Engine } from '../../../../src/docker/engine.ts'
import { makeCertificate, type Certificate } from '../../../support/registry/certificate.ts'
import { startEngineServer, type EngineServer } from '../engine-server.ts'

let certificate: Certificate
let stranger: Certificate
let engine: EngineServer
let directory: TemporaryDirectory

beforeAll(async () => {
  ;[certificate, stranger] = await Promise.all([makeCertificate(), makeCertificate()])
  engine = await startEngineServer({ 'GET /_ping': (response) => response.end('OK') })
})

afterAll(async () => {
  for (const each of [certificate, stranger, engine]) await each[Symbol.asyncDispose]()
})

beforeEach(async () => {
  directory = await makeTemporaryDirectory('cnb-test-')
  onTestFinished(() => directory[Symbol.asyncDispose]())
})

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  return `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function forward(client: Socket): void {
  const socket = connectSocket(engine.engine.address.slice('unix://'.length))
  for (const side of [client, socket]) side.on('error', () => [client, socket].forEach((each) => each.destroy()))
  client.pipe(socket).pipe(client)
}

const startTls = (options: object = {}): Promise<string> =>
  listen(createTlsServer({ key: certificate.key, cert: certificate.cert, ...options }, forward).on('tlsClientError', () => {}))

/** Connects with the environment of the process, which libraries read too. */
async function connectBy(host: string, files: Readonly<Record<string, string>>, more: Readonly<Record<string, string>> = { DOCKER_TLS_VERIFY: '1' }): Promise<Engine> {
  for (const [name, content] of Object.entries(files)) await writeFile(join(directory.path, name), content)
  const env = { DOCKER_HOST: host, DOCKER_CERT_PATH: directory.path, ...more }
  const before = Object.fromEntries(Object.keys(env).map((name) => [name, process.env[name]]))
  Object.assign(process.env, env)
  try {
    const connected = await connectEngine(await resolveEndpoint({ env, home: directory.path }))
    onTestFinished(() => connected.close())
    return connected
  } finally {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }
}

test.each([
  ['an authority alone', () => ({ 'ca.pem': certificate.ca })],
  ['a key without its certificate', () => ({ 'ca.pem': certificate.ca, 'key.pem': certificate.key })],
  ['a certificate without its key', () => ({ 'ca.pem': certificate.ca, 'cert.pem': certificate.cert })],
])('connects with %s in DOCKER_CERT_PATH, as the docker CLI does', async (_, files) => {
  await connectBy(await startTls(), files())
})

test('sends a client certificate to the engine', async () => {
  const files = { 'ca.pem': certificate.ca, 'cert.pem': certificate.cert, 'key.pem': certificate.key }
  await connectBy(await startTls({ requestCert: true, rejectUnauthorized: true, ca: certificate.ca }), files)
})

test('does not read DOCKER_CERT_PATH without TLS', async () => {
  await connectBy(await listen(createServer(forward)), {}, {})
})

const hintOf = async (connecting: Promise<unknown>): Promise<unknown> => {
  const error: unknown = await connecting.catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'CNB_ENGINE_UNREACHABLE', exit: 125 })
  return (error as { hint?: string }).hint
}

test('suggests DOCKER_TLS_VERIFY for a TLS port', async () => {
  expect(await hintOf(connectBy(await startTls(), {}, {}))).toContain('DOCKER_TLS_VERIFY=1')
  const words = 'Client sent an HTTP request to an HTTPS server.\n'
  const asGo = createServer((client) => void client.end(`HTTP/1.0 400 Bad Request\r\n\r\n${words}`))
  expect(await hintOf(connectBy(await listen(asGo), {}, {}))).toContain('DOCKER_TLS_VERIFY=1')
  const alert = createServer((client) => void client.end(Buffer.from([21, 3, 1, 0, 2, 2, 70])))
  expect(await hintOf(connectBy(await listen(alert), {}, {}))).toContain('DOCKER_TLS_VERIFY=1')
})

test('suggests to check the certificate files if either side is not trusted', async () => {
  const checks = /^Check that ca\.pem/
  expect(await hintOf(connectBy(await startTls(), { 'ca.pem': stranger.ca }))).toMatch(checks)
  const files = { 'ca.pem': certificate.ca, 'cert.pem': stranger.cert, 'key.pem': stranger.key }
  expect(await hintOf(connectBy(await startTls({ requestCert: true, rejectUnauthorized: true, ca: certificate.ca }), files))).toMatch(checks)
})

test('reports a port without TLS', async () => {
  expect(await hintOf(connectBy(await listen(createServer(forward)), { 'ca.pem': certificate.ca }))).toContain('unset DOCKER_TLS_VERIFY')
})
