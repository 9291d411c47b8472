/** Forwards connections of a new socket to the engine under test. */

import { chmod, rm } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { docker } from './docker.ts'

export interface ForwardedEngine extends AsyncDisposable {
  /** The value for DOCKER_HOST; every user of this machine can connect. */
  readonly address: string
  /** Cuts all connections and removes the socket, as if the engine were killed. */
  readonly die: () => Promise<void>
  /** Stops forwarding in both directions, as if the engine were stopped (SIGSTOP). */
  readonly freeze: () => void
}

const BODY = JSON.stringify({ message: 'no space left on device' })
const REFUSAL = `HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\nConnection: close\r\n\r\n${BODY}`

/**
 * Listens at `path` and forwards every connection to the engine.
 * @param refused requests that get an error instead, such as `POST /v1.41/images/load`
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
      // The rest of the client's data is discarded, as by an engine that has failed.
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
