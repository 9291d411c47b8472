/** Receives webhooks. Replies never contain anything of the request. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CnbError } from '../../../../base/errors.ts'
import type { Notice } from '../../../../reconcile/watch/notice.ts'
import type { ListenAddress } from './listen-address.ts'
import { readNotices } from './notices.ts'
import { isAuthentic } from './secret.ts'

const MAX_BODY = 1024 * 1024
const MAX_HEADERS = 16 * 1024
const MAX_CONNECTIONS = 100
const TIME_LIMIT_MS = 10_000

export interface WebhookOptions {
  readonly address: ListenAddress
  /** Undefined accepts all requests. */
  readonly secret: Buffer | undefined
  readonly onNotices: (notices: readonly Notice[]) => void
}

/** A running server; disposal closes it and its connections. */
export interface WebhookServer extends AsyncDisposable {
  readonly port: number
}

/** @throws CnbError CNB_USAGE if the address cannot be used */
export async function serveWebhooks({ address: { host, port }, secret, onNotices }: WebhookOptions): Promise<WebhookServer> {
  const server = createServer({ maxHeaderSize: MAX_HEADERS, headersTimeout: TIME_LIMIT_MS, requestTimeout: TIME_LIMIT_MS, keepAliveTimeout: TIME_LIMIT_MS, connectionsCheckingInterval: 1000 })
  server.maxConnections = MAX_CONNECTIONS
  server.on('request', (request, response) => {
    receive(request, secret, onNotices).then((status) => reply(response, status), () => response.destroy())
  })
  await listen(server, host, port)
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    }),
  }
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(new CnbError('CNB_USAGE', `cannot listen on ${host}:${port}: ${error.message}`, { hint: 'Use another --listen address.', cause: error })))
    server.listen({ host, port }, () => resolve())
  })
}

const TEXTS = { 200: 'ok', 202: 'accepted', 401: 'the signature or secret is missing or wrong', 404: 'not found', 405: 'use POST', 413: 'the body is larger than 1 MB' } as const

type Reply = keyof typeof TEXTS

function reply(response: ServerResponse, status: Reply): void {
  // The rest of a body is not read.
  if (status === 413 || status === 405 || status === 404) response.setHeader('connection', 'close')
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' })
  response.end(`${TEXTS[status]}\n`)
}

async function receive(request: IncomingMessage, secret: Buffer | undefined, onNotices: (notices: readonly Notice[]) => void): Promise<Reply> {
  const [path = '', query = ''] = (request.url ?? '').split('?', 2)
  const isRead = request.method === 'GET' || request.method === 'HEAD'
  if (path === '/healthz' && isRead) return 200
  if (path !== '/' && path !== '/webhook') return 404
  if (request.method !== 'POST') return 405
  const body = await readBody(request)
  if (!body) return 413
  const token = new URLSearchParams(query).get('token') ?? undefined
  if (secret && !isAuthentic({ headers: request.headers, body, token }, secret)) return 401
  onNotices(readNotices(request.headers, body))
  return 202
}

/** Returns undefined for a body above the limit. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY) return undefined
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_BODY) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
