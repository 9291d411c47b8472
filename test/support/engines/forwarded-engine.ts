/** The engine under test behind a socket of our own. */

import { chmod, rm } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { docker } from './docker.ts'

export interface ForwardedEngine extends AsyncDisposable {
  /** For DOCKER_HOST; open to every user of this machine. */
  readonly address: string
  /** Cuts every connection and takes the socket away, as when the engine dies. */
  readonly die: () => Promise<void>
  /** Hands nothing on any more, in either direction, as when the engine is stopped (SIGSTOP). */
  readonly freeze: () => void
}

const BODY = JSON.stringify({ message: 'no space left on device' })
const REFUSAL = `HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\nConnection: close\r\n\r\n${BODY}`

/**
 * Listens at `path` and hands every connection on to the engine.
 * @param refused requests, as `POST /v1.41/images/load`, that get an error in the engine's stead
 */
export async function forwardEngine(path: string, refused?: RegExp): Promise<ForwardedEngine> {
  const target = await engineSocket()
  const open = new Set<Socket>()
  let frozen = false
  const server = createServer({ allowHalfOpen: true }, (client) => {
    if (frozen) return void open.add(client.pause())
    const engine = connect({ path: target, allowHalfOpen: true })
    client.on('data', (chunk: Buffer) => {
      if (!refused?.test(chunk.toString('latin1', 0, 200))) return
      client.unpipe(engine)
      engine.destroy()
      // What the client still sends goes nowhere, as it would with an engine that has given up.
      client.resume()
      client.write(REFUSAL)
    })
    for (const [from, to] of [[client, engine], [engine, client]] as const) {
      open.add(from)
      from.pipe(to)
      from.on('error', () => to.destroy())
      from.on('close', () => open.delete(from))
    }
  }).listen(path)
  await new Promise((resolve) => server.once('listening', resolve))
  await chmod(path, 0o777)
  const die = async (): Promise<void> => {
    const closed = new Promise((resolve) => server.close(resolve))
    for (const socket of open) socket.destroy()
    await closed
    await rm(path, { force: true })
  }
  const freeze = (): void => {
    frozen = true
    for (const socket of open) socket.unpipe().pause()
  }
  return { address: `unix://${path}`, die, freeze, [Symbol.asyncDispose]: die }
}

async function engineSocket(): Promise<string> {
  const host = process.env['DOCKER_HOST'] ?? (await docker('context', 'inspect', '--format', '{{.Endpoints.docker.Host}}'))
  return host.replace(/^unix:\/\//, '')
}
