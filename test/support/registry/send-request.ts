/** One HTTP request of a test, on a connection of its own, without any cleverness: no redirect is followed, nothing is repeated. */

import { request as plainRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { request as tlsRequest } from 'node:https'
import { buffer } from 'node:stream/consumers'

export interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  /** PEM of the authority that a TLS server's certificate is from. */
  readonly ca?: string
  readonly signal?: AbortSignal
}

export interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** @throws Error with Node.js's code when the connection breaks before the body is whole */
export async function sendRequest(method: string, url: string, options: RequestOptions = {}): Promise<Reply> {
  const reply = await openRequest(method, url, options)
  return { status: reply.statusCode ?? 0, headers: reply.headers, body: await buffer(reply) }
}

/** The same, as soon as the reply's head is there. */
export function openRequest(method: string, url: string, { headers, body, ca, signal }: RequestOptions = {}): Promise<IncomingMessage> {
  const send = url.startsWith('https:') ? tlsRequest : plainRequest
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const request = send(url, { method, headers: { ...length, ...headers }, agent: false, ca, signal })
    request.once('error', reject).once('response', resolve).end(body)
  })
}
