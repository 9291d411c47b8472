import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { EngineClient } from '../../../../src/docker/connection/client.ts'
import type { Endpoint } from '../../../../src/docker/connection/endpoint.ts'
import { EngineAgent } from '../../../../src/docker/connection/engine-agent.ts'
import { DockerodeEngine } from '../../../../src/docker/dockerode-engine.ts'
import { SshConnection, sshArguments } from '../../../../src/docker/connection/ssh-connection.ts'
import { frame, json, startEngineServer } from '../engine-server.ts'
import { fakeSsh, sshTo } from '../fake-ssh.ts'

function sshEngine(): DockerodeEngine {
  const endpoint: Endpoint = { address: 'ssh://me@host', origin: 'a test', transport: { kind: 'ssh', host: 'host', user: 'me' } }
  const engine = new DockerodeEngine(new EngineClient(endpoint, new AbortController().signal, undefined, new EngineAgent(endpoint, { SshConnection })))
  onTestFinished(() => engine.close())
  return engine
}

test('passes the host after --, never as an option', () => {
  expect(sshArguments({ kind: 'ssh', host: '-oProxyCommand=x', user: 'me', port: '22' })).toEqual([
    '-l', 'me', '-p', '22', '-o', 'ConnectTimeout=30', '-T', '--', '-oProxyCommand=x', 'docker', 'system', 'dial-stdio',
  ])
  const withSocket = sshArguments({ kind: 'ssh', host: 'h', socket: '/run/x.sock' })
  expect(withSocket.slice(-6)).toEqual(['h', 'docker', '--host', 'unix:///run/x.sock', 'system', 'dial-stdio'])
})

test('transfers requests, uploads and attached output', async () => {
  await using server = await startEngineServer(
    {
      'GET /_ping': json('OK'),
      'POST /containers/create': json({ Id: 'c1' }, 201),
      'PUT /containers/c1/archive': (response, request) => request.resume().once('end', () => response.end()),
      'POST /containers/c1/wait': json({ StatusCode: 5 }),
      'POST /containers/c1/start': json('', 204),
      'DELETE /containers/c1': json('', 204),
    },
    (socket) => socket.end(frame(1, 'over ssh')),
  )
  const socket = server.engine.address.slice('unix://'.length)
  await fakeSsh(sshTo(socket))
  const container = await sshEngine().containers.create({ image: 'x', command: ['/x'] })
  await container.putArchive('/', Buffer.alloc(1 << 20))
  const stdout = new PassThrough()
  expect(await container.run({ stdout })).toBe(5)
  expect(await text(stdout.end())).toBe('over ssh')
  await container.remove()
})

test("reports the message of ssh: unreachable before the first reply, lost after it", async () => {
  await fakeSsh("console.error('Host key verification failed.'); process.exit(255)")
  const message: unknown = expect.stringContaining('Host key verification failed.')
  await expect(sshEngine().ping()).rejects.toMatchObject({ code: 'CNB_ENGINE_UNREACHABLE', message })
  const half = 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'
  await fakeSsh(`process.stdin.once('data', () => process.stdout.write(${JSON.stringify(half)}, () => process.exit(255)))`)
  await expect(sshEngine().ping()).rejects.toMatchObject({ code: 'CNB_ENGINE_LOST' })
})

test.each([
  ['before the engine answers', 'Welcome to\nhost'],
  ['and ends there', 'This account is not available.'],
])('reports output of a login shell %s', async (when, words) => {
  const more = when.startsWith('before') ? "+ 'HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nOK'" : ''
  await fakeSsh(`process.stdin.once('data', () => process.stdout.write(${JSON.stringify(words)} ${more}, () => process.exit()))`)
  const failure: unknown = await sshEngine().ping().catch((error: unknown) => error)
  expect(failure).toMatchObject({ code: 'CNB_ENGINE_UNREACHABLE', hint: expect.stringContaining('~/.bashrc') as unknown })
  expect(String(failure)).toContain(JSON.stringify(words))
})

test('reports the engine as unreachable without ssh on the PATH', async () => {
  const path = process.env.PATH
  onTestFinished(() => {
    process.env.PATH = path
  })
  process.env.PATH = '/nonexistent'
  await expect(sshEngine().ping()).rejects.toMatchObject({ code: 'CNB_ENGINE_UNREACHABLE' })
})
