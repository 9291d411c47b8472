/** HTTP servers on a free port of this machine; disposal closes all connections. */

import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Certificate } from './certificate.ts'

export interface Listening extends AsyncDisposable {
  readonly server: Server
  /** `127.0.0.1:<port>` */
  readonly address: string
  /** The address with its scheme. */
  readonly origin: string
}

/** @param certificate makes the server use TLS */
export async function listen(listener: RequestListener, certificate?: Certificate): Promise<Listening> {
  const server = certificate ? createTlsServer({ cert: certificate.cert, key: certificate.key }, listener) : createServer(listener)
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    server,
    address,
    origin: `${certificate ? 'https' : 'http'}://${address}`,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}
