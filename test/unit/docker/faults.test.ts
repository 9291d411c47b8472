import { once } from 'node:events'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable, type Duplex } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { CnbError } from '../../../src/base/errors.ts'
import type { CnbEvent } from '../../../src/base/events.ts'
import { connectEngine } from '../../../src/docker/connection/connect.ts'
import { containerOf, created, failureOf } from './failure.ts'
import { breakOff, frame, json, startEngineServer, type EngineServer, type Reply } from './engine-server.ts'

/** An engine with a container; once started, it calls `play` with its output and the reply to the wait. */
function runServer(play: (socket: Duplex, wait: ServerResponse) => void, more: Record<string, Reply> = {}): Promise<EngineServer> {
  let socket: Duplex
  let wait: ServerResponse
  return startEngineServer(
    {
      ...created,
      'POST /containers/c1/wait': (response) => {
        wait = response
        response.flushHeaders()
      },
      'POST /containers/c1/start': (response, request) => {
        json('', 204)(response, request)
        play(socket, wait)
      },
      'POST /containers/c1/kill': json('', 204),
      ...more,
    },
    (connection) => {
      socket = connection
    },
  )
}

/** Returns data without end. */
function endless(): Readable {
  return new Readable({
    read(): void {
      this.push(Buffer.alloc(64 * 1024))
    },
  })
}

describe('an unreachable engine', () => {
  test('reports a missing or dead socket as unreachable, with the origin of its address', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'cnb-test-'))
    const stale = join(directory, 'stale.sock')
    await writeFile(stale, '')
    for (const path of [join(directory, 'absent.sock'), stale]) {
      const endpoint = { address: `unix://${path}`, origin: 'DOCKER_HOST', transport: { kind: 'socket', path } as const }
      const error = await failureOf(connectEngine(endpoint))
      expect(error).toMatchObject({ code: 'CNB_ENGINE_UNREACHABLE', exit: 125 })
      expect(error.message).toContain(`${path} (from DOCKER_HOST)`)
      expect(error.hint).toMatch(/DOCKER_HOST/)
    }
    await rm(directory, { recursive: true })
  })

  test.skipIf(process.getuid?.() === 0)('reports a socket without permission as denied', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'cnb-test-'))
    const path = join(directory, 'engine.sock')
    const server = createServer().listen(path)
    await once(server, 'listening')
    await chmod(path, 0)
    const error = await failureOf(connectEngine({ address: `unix://${path}`, origin: 'a test', transport: { kind: 'socket', path } }))
    expect(error.code).toBe('CNB_ENGINE_DENIED')
    server.close()
    await rm(directory, { recursive: true })
  })
})

describe('an engine that refuses', () => {
  test("reports the engine's message", async () => {
    await using server = await startEngineServer({ 'GET /images/x/json': json({ message: 'the engine is not well' }, 500) })
    const error = await failureOf(server.engine.images.inspect('x'))
    expect(error).toMatchObject({ code: 'CNB_ENGINE_FAILED', message: 'cannot inspect the image x: the engine is not well' })
  })

  test('detects a full disk, from a status or an error in the body', async () => {
    const words = 'write /var/lib/docker/tmp/x: no space left on device'
    await using server = await startEngineServer({
      ...created,
      'PUT /containers/c1/archive': json({ message: words }, 500),
      'POST /images/load': json({ errorDetail: { message: words }, error: words }),
    })
    const container = await containerOf(server)
    for (const work of [container.putArchive('/', Buffer.alloc(1024)), server.engine.images.load(Readable.from([Buffer.alloc(1024)]))]) {
      const error = await failureOf(work)
      expect(error).toMatchObject({ code: 'CNB_ENGINE_DISK_FULL' })
      expect(error.message).toContain(words)
      expect(error.hint).toContain('docker system prune')
    }
  })

  test('reports invalid JSON with an excerpt', async () => {
    await using server = await startEngineServer({
      'GET /images/x/json': (response) => response.end('<html>proxy</html>'),
      'GET /images/y/json': json({ Id: 'sha256:1', RootFS: { Layers: ['nonsense'] } }),
    })
    expect((await failureOf(server.engine.images.inspect('x'))).message).toContain('<html>proxy')
    expect((await failureOf(server.engine.images.inspect('y'))).code).toBe('CNB_IMAGE_INVALID')
  })

  test('sends no request for an invalid image name', async () => {
    await using server = await startEngineServer({})
    for (const name of ['../containers/json', 'x?all=1', 'x/../../y', '']) {
      expect((await failureOf(server.engine.images.inspect(name))).code).toBe('CNB_REFERENCE_INVALID')
    }
    expect(server.asked).toEqual([])
  })
})

describe('an engine that goes away in the middle', () => {
  test('reports any truncated reply as lost, without a hang', async () => {
    await using server = await startEngineServer({
      'GET /images/x/json': breakOff('{"Id":'),
      'GET /_ping': json('OK'),
      'GET /info': breakOff('{'),
      'POST /images/create': breakOff('{"status":"Pulling fs layer","id":"a"}\n'),
    })
    const { engine } = server
    expect((await failureOf(engine.images.inspect('x'))).code).toBe('CNB_ENGINE_LOST')
    expect((await failureOf(engine.info())).code).toBe('CNB_ENGINE_LOST')
    const events: CnbEvent[] = []
    const error = await failureOf(engine.images.pull('x', {}, { events: (event) => events.push(event) }))
    expect(error.code).toBe('CNB_ENGINE_LOST')
    expect(events).toMatchObject([{ type: 'pull.start' }, { type: 'pull.progress' }, { type: 'pull.end', failed: true }])
  })

  test('fails the stream of an archive that is read', async () => {
    await using server = await startEngineServer({ ...created, 'GET /containers/c1/archive': breakOff('half a tar') })
    const archive = await (await containerOf(server)).getArchive('/x')
    expect((await failureOf(buffer(archive!))).code).toBe('CNB_ENGINE_LOST')
  })

  test('reports an interrupted upload as lost, and closes the source', async () => {
    await using server = await startEngineServer({
      ...created,
      'PUT /containers/c1/archive': (_response, request) => request.once('data', () => request.socket.destroy()),
    })
    const source = endless()
    expect((await failureOf((await containerOf(server)).putArchive('/', source))).code).toBe('CNB_ENGINE_LOST')
    expect(source.destroyed).toBe(true)
  })

  test('reports an interrupted run as lost, without an exit code', async () => {
    const faults: ((socket: Duplex, wait: ServerResponse) => void)[] = [
      (_socket, wait) => wait.destroy(),
      (socket, wait) => socket.end(frame(1, 'some output'), () => wait.destroy()),
      (socket, wait) => socket.end('', () => wait.end()),
      (socket, wait) => wait.end('{"StatusCode":0}', () => socket.end(frame(1, 'some output').subarray(0, 12))),
    ]
    for (const fault of faults) {
      await using server = await runServer(fault)
      expect((await failureOf((await containerOf(server)).run({}))).code).toBe('CNB_ENGINE_LOST')
    }
  })

  test('reports a failure before a run as lost', async () => {
    await using server = await runServer(() => {}, { 'POST /containers/c1/start': (response) => response.destroy() })
    expect((await failureOf((await containerOf(server)).run({}))).code).toBe('CNB_ENGINE_LOST')
  })
})

describe('run', () => {
  test('waits for both output and exit status, in any order', async () => {
    await using slowOutput = await runServer((socket, wait) => {
      socket.write(frame(1, 'a'))
      wait.end('{"StatusCode":3}', () => setImmediate(() => socket.end(frame(1, 'b'))))
    })
    const stdout = new PassThrough()
    expect(await (await containerOf(slowOutput)).run({ stdout })).toBe(3)
    expect(await text(stdout.end())).toBe('ab')

    await using slowExit = await runServer((socket, wait) => {
      socket.end(frame(2, 'c'), () => setImmediate(() => wait.end('{"StatusCode":4}')))
    })
    expect(await (await containerOf(slowExit)).run({})).toBe(4)
    expect(slowExit.asked.slice(1)).toEqual(['POST /containers/c1/attach', 'POST /containers/c1/wait', 'POST /containers/c1/start'])
  })

  test('kills the container on an abort', async () => {
    const controller = new AbortController()
    await using server = await runServer((socket) => socket.write(frame(1, 'ready')))
    const stdout = new PassThrough()
    stdout.once('data', () => controller.abort(new CnbError('CNB_INTERRUPTED', 'by a test')))
    const error = await failureOf((await containerOf(server)).run({ stdout }, { signal: controller.signal }))
    expect(error.message).toBe('by a test')
    expect(server.asked.at(-1)).toBe('POST /containers/c1/kill')
  })

  test('kills the container if its output cannot be written', async () => {
    await using server = await runServer((socket) => socket.write(frame(1, 'ready')))
    const stdout = new PassThrough().destroy()
    await expect((await containerOf(server)).run({ stdout })).rejects.toThrow('closed')
    expect(server.asked.at(-1)).toBe('POST /containers/c1/kill')
  })

  test('reports why the container cannot start', async () => {
    await using server = await runServer(() => {}, { 'POST /containers/c1/start': json({ message: 'exec: no such file' }, 400) })
    expect((await failureOf((await containerOf(server)).run({}))).message).toBe('cannot start the container: exec: no such file')
  })

  test('detects a missing layer that the engine reports without an error', async () => {
    const words = 'Loaded image: a:1\nError unpacking image a:1: content digest sha256:1: not found'
    await using server = await startEngineServer({ 'POST /images/load': json({ stream: words }) })
    const error = await failureOf(server.engine.images.load(Readable.from([Buffer.alloc(1024)])))
    expect(error).toMatchObject({ code: 'CNB_ENGINE_FAILED' })
    expect(error.message).toContain('sha256:1: not found')
  })

  test("reports the engine's message if waiting fails", async () => {
    await using server = await startEngineServer({
      ...created,
      'POST /containers/c1/wait': json({ StatusCode: -1, Error: { Message: 'the shim is gone' } }),
      'POST /containers/c1/start': json('', 204),
    })
    expect((await failureOf((await containerOf(server)).run({}))).message).toContain('the shim is gone')
  })
})

describe('uploads', () => {
  test("reports a refusal during an upload with the engine's message, and closes the source", async () => {
    await using server = await startEngineServer({
      ...created,
      'PUT /containers/c1/archive': (response, request) => {
        request.once('data', () => json({ message: 'no such path' }, 404)(response, request))
      },
    })
    const source = endless()
    const error = await failureOf((await containerOf(server)).putArchive('/absent', source))
    expect(error.message).toContain('no such path')
    expect(source.destroyed).toBe(true)
  })

  test('ends the request with the error of a failed or closed source', async () => {
    await using server = await startEngineServer({ ...created, 'PUT /containers/c1/archive': (_response, request) => request.resume() })
    const container = await containerOf(server)
    const failing = new Readable({ read(): void { this.destroy(new CnbError('CNB_APP_CHANGED', 'the file grew')) } })
    expect(await failureOf(container.putArchive('/', failing))).toMatchObject({ code: 'CNB_APP_CHANGED', message: 'the file grew' })
    const missing = new Readable({ read(): void { this.destroy(Object.assign(new Error('open app/x'), { code: 'ENOENT' })) } })
    await expect(container.putArchive('/', missing)).rejects.toMatchObject({ code: 'ENOENT', message: 'open app/x' })
    const closed = endless()
    closed.once('data', () => closed.destroy())
    await expect(container.putArchive('/', closed)).rejects.toThrow()
  })

  test('ends the request and closes the source on an abort, with its reason', async () => {
    const controller = new AbortController()
    await using server = await startEngineServer({
      'POST /images/load': (_response, request) => request.once('data', () => controller.abort()),
    })
    const source = endless()
    expect((await failureOf(server.engine.images.load(source, { signal: controller.signal }))).code).toBe('CNB_INTERRUPTED')
    expect(source.destroyed).toBe(true)
  })
})
