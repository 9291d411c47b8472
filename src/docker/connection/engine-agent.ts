/** The connections to an engine. */

import { Agent, type AgentOptions } from 'node:http'
import { connect as connectPlain } from 'node:net'
import type { Duplex } from 'node:stream'
import type { connect as ConnectTls } from 'node:tls'
import { inspect } from 'node:util'
import { CnbError } from '../../base/errors.ts'
import type { Endpoint } from './endpoint.ts'
import type { Transport } from './engine-address.ts'
import type { SshConnection } from './ssh-connection.ts'

/** Interval of keep-alive probes on an idle connection, in milliseconds; they detect an engine that disappeared. */
const KEEP_ALIVE_MS = 30_000

/** Code of the kind of endpoint; without it, other endpoints start faster. */
export interface EndpointCode {
  readonly connectTls?: typeof ConnectTls | undefined
  readonly SshConnection?: typeof SshConnection | undefined
}

/** Connects each request to the endpoint, ignoring the request's host, and keeps idle connections for reuse. */
export class EngineAgent extends Agent {
  readonly #transport: Transport
  readonly #code: EndpointCode

  constructor(endpoint: Endpoint, code: EndpointCode = {}) {
    // `createConnection` needs no server name. Without one, Node derives it from the host, for which it compiles the pattern of an IPv6
    // address: 3 ms.
    super({ keepAlive: true, keepAliveMsecs: KEEP_ALIVE_MS, servername: '' } as AgentOptions)
    this.#transport = endpoint.transport
    this.#code = code
  }

  /** docker-modem 5.0.7 serializes each request with all properties of its agent for a debug log. */
  [inspect.custom](): string {
    return 'EngineAgent'
  }

  override createConnection(): Duplex {
    const transport = this.#transport
    const { connectTls, SshConnection } = this.#code
    switch (transport.kind) {
      case 'socket':
        return connectPlain({ path: transport.path })
      case 'ssh':
        if (!SshConnection) throw new CnbError('CNB_INTERNAL', 'cannot connect with ssh: it is not loaded')
        return new SshConnection(transport)
      case 'tcp': {
        const { host, port, tls } = transport
        const target = { host, port, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS }
        if (!tls) return connectPlain(target)
        if (!connectTls) throw new CnbError('CNB_INTERNAL', 'cannot connect with TLS: it is not loaded')
        return connectTls({ ...target, ca: tls.ca, cert: tls.cert, key: tls.key, rejectUnauthorized: tls.verify })
      }
    }
  }
}
