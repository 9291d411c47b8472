/** Makes the connections to an engine: one http.Agent for sockets, TCP, TLS and SSH. */

import { Agent } from 'node:http'
import { connect as connectPlain } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { inspect } from 'node:util'
import type { Endpoint } from './endpoint.ts'
import type { Transport } from './engine-address.ts'
import { SshConnection } from './ssh-connection.ts'

/** Probes on an idle connection, in milliseconds: a peer that vanished without a word is noticed. */
const KEEP_ALIVE_MS = 30_000

/** Gives each request a connection to the endpoint, whatever host the request names, and keeps idle ones for the next. */
export class EngineAgent extends Agent {
  readonly #transport: Transport

  constructor(endpoint: Endpoint) {
    super({ keepAlive: true, keepAliveMsecs: KEEP_ALIVE_MS })
    this.#transport = endpoint.transport
  }

  /** docker-modem 5.0.7 describes each request down to the last property of its agent, for a log that nobody keeps. */
  [inspect.custom](): string {
    return 'EngineAgent'
  }

  override createConnection(): Duplex {
    const transport = this.#transport
    switch (transport.kind) {
      case 'socket':
        return connectPlain({ path: transport.path })
      case 'ssh':
        return new SshConnection(transport)
      case 'tcp': {
        const { host, port, tls } = transport
        const target = { host, port, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS }
        if (!tls) return connectPlain(target)
        return connectTls({ ...target, ca: tls.ca, cert: tls.cert, key: tls.key, rejectUnauthorized: tls.verify })
      }
    }
  }
}
