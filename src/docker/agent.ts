/** Makes the connections to an engine: one http.Agent for sockets, TCP, TLS and SSH. */

import { spawn } from 'node:child_process'
import { Agent } from 'node:http'
import { connect as connectPlain } from 'node:net'
import { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import type { Endpoint } from './endpoint.ts'
import type { Transport } from './engine-address.ts'

/** Probes on an idle connection, in milliseconds: a peer that vanished without a word is noticed. */
const KEEP_ALIVE_MS = 30_000

/** An SSH connection that failed, with what ssh itself wrote. */
export class SshError extends Error {}

/** Gives each request a connection to the endpoint, whatever host the request names, and keeps idle ones for the next. */
export class EngineAgent extends Agent {
  readonly #transport: Transport

  constructor(endpoint: Endpoint) {
    super({ keepAlive: true, keepAliveMsecs: KEEP_ALIVE_MS })
    this.#transport = endpoint.transport
  }

  override createConnection(): Duplex {
    const transport = this.#transport
    switch (transport.kind) {
      case 'socket':
        return connectPlain({ path: transport.path })
      case 'ssh':
        return connectSsh(transport)
      case 'tcp': {
        const { host, port, tls } = transport
        const target = { host, port, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS }
        return tls ? connectTls({ ...target, ca: tls.ca, cert: tls.cert, key: tls.key, rejectUnauthorized: tls.verify }) : connectPlain(target)
      }
    }
  }
}

/** The arguments of `ssh` that reach an engine, as the Docker command line gives them (docker/cli, cli/connhelper). */
export function sshArguments(target: Extract<Transport, { kind: 'ssh' }>): string[] {
  return [
    ...(target.user ? ['-l', target.user] : []),
    ...(target.port ? ['-p', target.port] : []),
    '-o', 'ConnectTimeout=30', '-T', '--', target.host,
    'docker', ...(target.socket ? ['--host', `unix://${target.socket}`] : []), 'system', 'dial-stdio',
  ]
}

/**
 * A byte stream to the engine through the user's own `ssh`, which brings keys, agents, jump hosts and known hosts; the
 * libraries that dockerode would use for it accept any host key.
 */
function connectSsh(target: Extract<Transport, { kind: 'ssh' }>): Duplex {
  const child = spawn('ssh', sshArguments(target), { stdio: ['pipe', 'pipe', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-2000)
  })
  const stream = Duplex.from({ readable: child.stdout, writable: child.stdin })
  const fail = (why: string): void => {
    stream.destroy(new SshError(said.trim() || why))
  }
  child.once('error', (error) => fail(error.message))
  child.once('close', (code) => (code === 0 ? stream.destroy() : fail(`ssh ended with ${code ?? 'a signal'}`)))
  stream.once('close', () => child.kill())
  // http calls these on its connections; a pipe has nothing to set.
  const ignore = (): Duplex => stream
  return Object.assign(stream, { setTimeout: ignore, setKeepAlive: ignore, setNoDelay: ignore, ref: ignore, unref: ignore })
}
