/** An HTTP proxy that connects all hosts to one address. */

import { createServer, request as forward, type IncomingMessage, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { connect, type AddressInfo, type Socket } from 'node:net'

export interface ProxyOptions {
  /** Key and certificate for TLS to the proxy. */
  readonly tls?: { key: string; cert: string }
  /** `user:password`; requests without it get 407. */
  readonly login?: string
  /** The reply to CONNECT instead of a tunnel. */
  readonly refusal?: string
}

export interface TestProxy extends AsyncDisposable {
  /** `127.0.0.1:<port>` */
  readonly address: string
  /** Each request: method, target, and user and password or `-`. */
  readonly asked: string[]
}

/** @param target `host:port` */
export async function startProxy(target: string, { tls, login, refusal }: ProxyOptions = {}): Promise<TestProxy> {
  const asked: string[] = []
  const [host = '', port = ''] = target.split(':')
  const sockets = new Set<Socket>()
  const mayPass = ({ method, url, headers }: IncomingMessage): boolean => {
    const [, encoded = ''] = /^Basic (.+)$/.exec(headers['proxy-authorization'] ?? '') ?? []
    const user = Buffer.from(encoded, 'base64').toString()
    asked.push(`${method} ${url} ${user || '-'}`)
    return login === undefined || user === login
  }
  const server: Server = tls ? createTlsServer(tls) : createServer()
  server.on('connection', (socket: Socket) => sockets.add(socket))
  server.on('request', (request, response) => {
    if (!mayPass(request)) return void response.writeHead(407).end('who are you?')
    const { pathname, search } = new URL(request.url ?? '', 'http://x')
    const { 'proxy-authorization': _, ...headers } = request.headers
    request.pipe(forward({ host, port, path: pathname + search, method: request.method, headers }, (reply) => {
      reply.pipe(response.writeHead(reply.statusCode ?? 500, reply.headers))
    }))
  })
  server.on('connect', (request, socket: Socket) => {
    socket.on('error', () => {})
    if (!mayPass(request)) return void socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 3\r\n\r\nno!')
    if (refusal !== undefined) return void socket.end(refusal)
    const onward = connect(Number(port), host)
    sockets.add(onward)
    onward.on('error', () => {})
    socket.write('HTTP/1.1 200 OK\r\n\r\n')
    socket.pipe(onward).pipe(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
