import { EventEmitter } from 'node:events'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { PassThrough, type Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test, vi } from 'vitest'
import { makeTemporaryDirectory } from '../../../src/base/files.ts'
import { EngineClient } from '../../../src/docker/connection/client.ts'
import { DockerodeEngine } from '../../../src/docker/dockerode-engine.ts'
import type { Container } from '../../../src/docker/engine.ts'
import { frame, json, startEngineServer, type EngineServer, type Reply } from './engine-server.ts'

interface Program {
  readonly stdin: Duplex
  readonly stdout: Duplex
  readonly wait: ServerResponse
}

/** An engine with a container that runs `play` after its start, and that container. */
async function programThat(play: (program: Program) => void, more: Record<string, Reply> = {}): Promise<EngineServer & { container: Container }> {
  const program: Partial<{ stdin: Duplex; stdout: Duplex; wait: ServerResponse }> = {}
  const server = await startEngineServer(
    {
      'POST /containers/create': json({ Id: 'c1' }, 201),
      'POST /containers/c1/wait': (response) => {
        program.wait = response
        response.flushHeaders()
      },
      'POST /containers/c1/start': (response) => {
        response.writeHead(204).end()
        play(program as Program)
      },
      'POST /containers/c1/kill': json('', 204),
      ...more,
    },
    (socket, query) => {
      program[query.has('stdin') ? 'stdin' : 'stdout'] = socket
    },
  )
  onTestFinished(() => server[Symbol.asyncDispose]())
  return { ...server, container: await server.engine.containers.create({ image: 'x', command: ['/x'], stdin: true }) }
}

test('keeps last output and exit code if the program stops reading', async () => {
  const closed = new EventEmitter()
  const { container, asked } = await programThat(({ stdin, stdout, wait }) => {
    stdin.destroy()
    closed.once('closed', () => {
      stdout.end(frame(2, 'the last words'))
      wait.end('{"StatusCode":9}')
    })
  })
  const stderr = new PassThrough()
  const talk = await container.attach({ stderr })
  talk.stdin.on('close', () => closed.emit('closed'))
  talk.stdin.write('to nobody')
  expect(await talk.exitCode).toBe(9)
  talk.stdin.write('to nobody again')
  expect(await text(stderr.end())).toBe('the last words')
  expect(asked).not.toContain('POST /containers/c1/kill')
})

test('closes open connections after the program ended', async () => {
  const { container } = await programThat(({ stdout, wait }) => {
    stdout.end()
    wait.end('{"StatusCode":0}')
  })
  const talk = await container.attach({})
  const closed = once(talk.stdin, 'close')
  expect(await talk.exitCode).toBe(0)
  await closed
})

test('closes both directions and kills the container on disposal, without an unhandled error', async () => {
  let gone: Promise<unknown> | undefined
  const { container, asked } = await programThat(({ stdin, stdout }) => {
    gone = Promise.all([stdin, stdout].map((socket) => once(socket.resume(), 'end')))
  })
  {
    await using _talk = await container.attach({})
  }
  await gone
  expect(asked.at(-1)).toBe('POST /containers/c1/kill')
})

test('delays reads after the end of input until the program has ended', async () => {
  let end = (): void => {}
  const { container, asked, engine } = await programThat(
    ({ stdout, wait }) => {
      end = () => {
        stdout.end()
        wait.end('{"StatusCode":0}')
      }
    },
    { 'GET /containers/c1/archive': (response) => response.end('an archive'), 'GET /_ping': (response) => response.end('OK') },
  )
  await using talk = await container.attach({})
  expect(await text((await container.getArchive('/before'))!)).toBe('an archive')
  talk.stdin.end()
  const asking = container.getArchive('/after')
  await engine.ping()
  expect(asked.filter((line) => line.startsWith('GET'))).toEqual(['GET /_ping', 'GET /containers/c1/archive', 'GET /_ping'])
  end()
  expect(await text((await asking)!)).toBe('an archive')
})

test('closes both directions after a failed start', async () => {
  const closed: Promise<unknown>[] = []
  const server = await startEngineServer(
    {
      'POST /containers/create': json({ Id: 'c1' }, 201),
      'POST /containers/c1/wait': (response) => response.flushHeaders(),
      'POST /containers/c1/start': json({ message: 'no such program' }, 400),
      'POST /containers/c1/kill': json('', 204),
    },
    (socket) => closed.push(once(socket.resume(), 'end')),
  )
  onTestFinished(() => server[Symbol.asyncDispose]())
  const container = await server.engine.containers.create({ image: 'x', command: ['/x'], stdin: true })
  await expect(container.attach({})).rejects.toMatchObject({ message: 'cannot start the container: no such program' })
  expect(closed).toHaveLength(2)
  await Promise.all(closed)
})

test('does not start the program if the engine refuses to wait for it', async () => {
  const { container, asked } = await programThat(() => {}, { 'POST /containers/c1/wait': json({ message: 'no' }, 500) })
  await expect(container.attach({})).rejects.toMatchObject({ code: 'CNB_ENGINE_FAILED' })
  expect(asked).not.toContain('POST /containers/c1/start')
})

test('attaches to a podman container in turn, because podman prepares it for each attachment', async () => {
  const directory = await makeTemporaryDirectory('cnb-test-')
  onTestFinished(() => directory[Symbol.asyncDispose]())
  const path = join(directory.path, 'engine.sock')
  const attaching: Duplex[] = []
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/_ping')) response.writeHead(200, { 'Libpod-API-Version': '4.3.1' }).end('OK')
    else if (request.url?.startsWith('/containers/create')) json({ Id: 'c1' }, 201)(response, request)
    else response.flushHeaders()
  }).on('upgrade', (_request, socket) => void attaching.push(socket))
  await new Promise<void>((resolve) => server.listen(path, resolve))
  onTestFinished(() => (server.closeAllConnections(), void server.close()))
  const client = new EngineClient({ address: `unix://${path}`, origin: 'a test', transport: { kind: 'socket', path } }, new AbortController().signal)
  const engine = new DockerodeEngine(client)
  onTestFinished(() => engine.close())
  const stop = new AbortController()
  const container = await engine.containers.create({ image: 'x', command: ['/x'], stdin: true })
  const attached = container.attach({}, { signal: stop.signal }).catch((error: unknown) => error)
  await vi.waitFor(() => expect(attaching).toHaveLength(1))
  await engine.ping()
  expect(attaching).toHaveLength(1)
  attaching[0]?.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n')
  await vi.waitFor(() => expect(attaching).toHaveLength(2))
  stop.abort()
  for (const socket of attaching) socket.destroy()
  expect(await attached).toMatchObject({ code: 'CNB_INTERRUPTED' })
})
