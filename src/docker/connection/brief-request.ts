/** One small GET request without the client of the engine, which takes longer to load than the request. */

import { connect, type Socket } from 'node:net'
import type { Transport } from './engine-address.ts'

/** More than the list of any real engine. */
const MAX_BYTES = 16 * 1024 * 1024

/**
 * Returns the JSON of an engine's answer; undefined for an engine at ssh://, which does not answer at once. By HTTP/1.0, an answer is one
 * piece and ends with the connection.
 * @param limitMs the time limit; the answer's part until then counts, and is not JSON
 * @throws Error of the connection, or for an answer that is too long, an error or not JSON
 */
export async function requestBriefly(transport: Transport, path: string, limitMs: number): Promise<unknown> {
  const socket = await open(transport)
  if (!socket) return undefined
  const limit = setTimeout(() => socket.destroy(), limitMs)
  try {
    const answer = await exchange(socket, `GET ${path} HTTP/1.0\r\nHost: docker\r\n\r\n`)
    const end = answer.indexOf('\r\n\r\n')
    if (!/^HTTP\/1\.[01] 200 /.test(answer.toString('latin1', 0, 20))) throw new Error('the answer is an error')
    return JSON.parse(answer.toString('utf8', end + 4)) as unknown
  } finally {
    clearTimeout(limit)
    socket.destroy()
  }
}

function exchange(socket: Socket, request: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    socket.on('data', (chunk) => {
      length += chunk.length
      chunks.push(chunk)
      if (length > MAX_BYTES) reject(new Error('the answer is too long'))
    })
    socket.once('error', reject)
    socket.once('close', () => resolve(Buffer.concat(chunks)))
    socket.write(request)
  })
}

async function open(transport: Transport): Promise<Socket | undefined> {
  switch (transport.kind) {
    case 'socket':
      return connect(transport.path)
    case 'tcp': {
      const { host, port, tls } = transport
      if (!tls) return connect({ host, port })
      const { verify, ...material } = tls
      return (await import('node:tls')).connect({ host, port, ...material, rejectUnauthorized: verify })
    }
    case 'ssh':
      return undefined
  }
}
