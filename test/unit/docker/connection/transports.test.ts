import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { PassThrough, type Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { createServer as createTlsServer } from 'node:tls'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { connectEngine } from '../../../../src/docker/connection/connect.ts'
import type { Transport } from '../../../../src/docker/connection/engine-address.ts'
import { frameOf } from '../../../../src/docker/content/grpc-frames.ts'
import { bytesField } from '../../../../src/docker/content/protobuf.ts'
import { digestOf } from '../../../../src/oci/digest.ts'
import { frame, json, startEngineServer } from '../engine-server.ts'
import { fakeSsh, sshTo } from '../fake-ssh.ts'

/** Forwards every connection to the engine, each direction separately. */
const forwardTo = (path: string) => (client: Socket): void => {
  const engine = connect({ path, allowHalfOpen: true })
  client.on('error', () => engine.destroy())
  engine.on('error', () => client.destroy())
  client.pipe(engine).pipe(client)
}

async function listen(server: Server): Promise<{ host: string; port: number }> {
  server.listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
}

/** Transports to an engine that listens on a path. */
const ways: Record<string, (path: string) => Promise<Transport>> = {
  'a socket': async (path) => ({ kind: 'socket', path }),
  TCP: async (path) => ({ kind: 'tcp', ...(await listen(createServer({ allowHalfOpen: true }, forwardTo(path)))) }),
  TLS: async (path) => {
    const request = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout - -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1'
    const { stdout: pem } = await promisify(execFile)('openssl', [...request.split(' '), '-days', '2'])
    const place = await listen(createTlsServer({ key: pem, cert: pem, allowHalfOpen: true }, forwardTo(path)))
    return { kind: 'tcp', ...place, tls: { ca: Buffer.from(pem), verify: true } }
  },
  SSH: async (path) => {
    await fakeSsh(sshTo(path))
    return { kind: 'ssh', host: 'engine.example' }
  },
}

/** An engine with a container that prints its input after the end of input. */
async function startEngine(): Promise<string> {
  const sides: { out?: Duplex; in?: Duplex } = {}
  const grpc = createHttp2Server()
  grpc.on('stream', (stream: ServerHttp2Stream) => {
    stream.resume().respond({ ':status': 200 }, { waitForTrailers: true })
    stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
    stream.end(frameOf(bytesField(2, 'a blob')))
  })
  const server = await startEngineServer(
    {
      'GET /_ping': json('OK'),
      'GET /info': json({ DriverStatus: [['driver-type', 'io.containerd.snapshotter.v1']] }),
      'POST /containers/create': json({ Id: 'c1' }, 201),
      'POST /containers/c1/start': (response) => {
        response.writeHead(204).end()
        void text(sides.in!).then((heard) => sides.out!.end(frame(1, `heard ${heard.length}`)))
      },
      'POST /containers/c1/wait': json({ StatusCode: 6 }),
      'DELETE /containers/c1': json('', 204),
    },
    (socket, query) => {
      sides[query.has('stdin') ? 'in' : 'out'] = socket
    },
    grpc,
  )
  onTestFinished(() => server[Symbol.asyncDispose]())
  return server.engine.address.slice('unix://'.length)
}

test.each(Object.keys(ways))('transfers blobs over %s, and attached output after the end of input', async (way) => {
  const transport = await ways[way]!(await startEngine())
  const engine = await connectEngine({ address: 'test://engine', origin: 'a test', transport })
  onTestFinished(() => engine.close())
  expect(await text((await engine.content.read(digestOf('a blob')))!)).toBe('a blob')
  await using container = await engine.containers.create({ image: 'x', command: ['/x'], stdin: true })
  const stdout = new PassThrough()
  await using talk = await container.attach({ stdout })
  talk.stdin.end(Buffer.alloc(1 << 20))
  expect(await talk.exitCode).toBe(6)
  expect(await text(stdout.end())).toBe(`heard ${1 << 20}`)
})
