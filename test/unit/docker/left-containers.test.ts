import type { ServerResponse } from 'node:http'
import { connect, createServer, type AddressInfo } from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { Transport } from '../../../src/docker/connection/engine-address.ts'
import { connectEngine } from '../../../src/docker/connection/connect.ts'
import type { Engine } from '../../../src/docker/engine.ts'
import { created } from './failure.ts'
import { json, startEngineServer, type Reply } from './engine-server.ts'

const REMOVAL = 'DELETE /containers/c1?force=true&v=true'

interface Left {
  readonly engine: Engine
  readonly urls: readonly string[]
  /** The replies to removals, which the test ends. */
  readonly removals: ServerResponse[]
}

/** Connects to an engine. The test ends the removals. */
async function slowEngine({ processEnds = true, replies = {}, network = false }: { processEnds?: boolean; replies?: Record<string, Reply>; network?: boolean } = {}): Promise<Left> {
  const removals: ServerResponse[] = []
  const server = await startEngineServer({
    'GET /_ping': json('OK'),
    ...created,
    'DELETE /containers/c1': (response) => void removals.push(response),
    ...replies,
  })
  onTestFinished(() => server[Symbol.asyncDispose]())
  const { address } = server.engine
  const path = address.replace('unix://', '')
  const transport: Transport = network ? await forwarded(path) : { kind: 'socket', path }
  const engine = await connectEngine({ address, origin: 'a test', transport }, {}, processEnds)
  onTestFinished(() => engine.close())
  return { engine, urls: server.urls, removals }
}

async function forwarded(path: string): Promise<Transport> {
  const proxy = createServer((socket) => void socket.pipe(connect(path)).pipe(socket))
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void proxy.close())
  return { kind: 'tcp', host: '127.0.0.1', port: (proxy.address() as AddressInfo).port }
}

const podmanPing: Reply = (response) => response.writeHead(200, { 'Libpod-API-Version': '4.3.1' }).end('OK')
const spec = { image: 'x', command: ['/x'] }

test('does not wait for the removal of a left container if the process ends, but sends the request before', async () => {
  const { engine, urls, removals } = await slowEngine()
  const container = await engine.containers.create(spec)
  await container.leave()
  engine.close()
  await vi.waitFor(() => expect(urls).toContain(REMOVAL))
  expect(removals[0]?.writableEnded).toBe(false)
})

test.for([
  ['if the process continues', { processEnds: false }],
  ['of podman, which ends a removal with its connection', { replies: { 'GET /_ping': podmanPing } }],
  ['over a network', { network: true }],
] as const)('waits for the removal %s', async ([, circumstances]) => {
  const { engine, removals } = await slowEngine(circumstances)
  const container = await engine.containers.create(spec)
  let isLeft = false
  const leaving = container.leave().then(() => void (isLeft = true))
  await vi.waitFor(() => expect(removals).toHaveLength(1))
  expect(isLeft).toBe(false)
  removals[0]?.writeHead(204).end()
  await leaving
})

test('waits for left containers before another gets their name', async () => {
  const { engine, urls, removals } = await slowEngine()
  await (await engine.containers.create({ ...spec, name: 'lock' })).leave()
  const second = engine.containers.create({ ...spec, name: 'lock' })
  await vi.waitFor(() => expect(removals).toHaveLength(1))
  const creations = (): string[] => urls.filter((url) => url.startsWith('POST /containers/create?name=lock'))
  expect(creations()).toHaveLength(1)
  removals[0]?.writeHead(204).end()
  await second
  expect(creations()).toHaveLength(2)
})

test('removes a left container once, although its scope ends too', async () => {
  const { engine, urls } = await slowEngine()
  {
    await using container = await engine.containers.create(spec)
    await container.leave()
  }
  await vi.waitFor(() => expect(urls.filter((url) => url.startsWith('DELETE'))).toEqual([REMOVAL]))
})

test('closes the attachment to a left container, and sends no other request that kills it', async () => {
  const replies: Record<string, Reply> = {
    'POST /containers/c1/wait': (response) => response.flushHeaders(),
    'POST /containers/c1/start': json('', 204),
  }
  const { engine, urls } = await slowEngine({ replies })
  const container = await engine.containers.create({ ...spec, stdin: true })
  const attached = await container.attach({})
  await container.leave()
  await expect(attached.exitCode).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
  await vi.waitFor(() => expect(urls).toContain(REMOVAL))
  expect(urls.filter((url) => url.includes('/kill'))).toEqual([])
})

test('removes a container that stayed because the engine was gone before it creates the next one', async () => {
  let isGone = true
  const removal: Reply = (response) => void (isGone ? response.destroy() : response.writeHead(204).end())
  const { engine, urls } = await slowEngine({ processEnds: false, replies: { 'DELETE /containers/c1': removal } })
  await (await engine.containers.create(spec))[Symbol.asyncDispose]()
  isGone = false
  const before = urls.length
  // A build uses the engine with its own events.
  await engine.reportingTo(() => {}).containers.create(spec)
  await engine.containers.create(spec)
  expect(urls.slice(before).map((url) => url.replace(/\?name=.*/, ''))).toEqual([REMOVAL, 'POST /containers/create', 'POST /containers/create'])
})
