/** Sends one HTTP request on a new connection, without redirects and retries. */

import { request as plainRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { request as tlsRequest } from 'node:https'
import { buffer } from 'node:stream/consumers'

export interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  /** The certificate authority of a TLS server, in PEM format. */
  readonly ca?: string
  readonly signal?: AbortSignal
}

export interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** @throws Error with Node.js's code if the connection breaks before the end of the body */
export async function sendRequest(method: string, url: string, options: RequestOptions = {}): Promise<Reply> {
  const reply = await openRequest(method, url, options)
  return { status: reply.statusCode ?? 0, headers: reply.headers, body: await buffer(reply) }
}

/** The same, but resolves with the reply's headers. */
export function openRequest(method: string, url: string, { headers, body, ca, signal }: RequestOptions = {}): Promise<IncomingMessage> {
  const send = url.startsWith('https:') ? tlsRequest : plainRequest
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const request = send(url, { method, headers: { ...length, ...headers }, agent: false, ca, signal })
    request.once('error', reject).once('response', resolve).end(body)
  })
}
