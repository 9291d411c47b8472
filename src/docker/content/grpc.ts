/** Calls of gRPC methods that answer with one message or many (grpc/grpc, doc/PROTOCOL-HTTP2.md and statuscodes.md). */

import { constants, type IncomingHttpHeaders } from 'node:http2'
import { CnbError } from '../../base/errors.ts'
import { beginSpan } from '../../base/spans.ts'
import type { EngineClient } from '../connection/client.ts'
import { engineError, engineRefusal } from '../errors.ts'
import { frameOf, readFrames } from './grpc-frames.ts'
import type { GrpcSession } from './grpc-session.ts'

/** The statuses that have a like among HTTP's; of the others only the words are of use. */
const STATUS = new Map([['5', 404], ['12', 501]])

export interface GrpcCall {
  /** What is attempted, for messages. */
  readonly task: string
  /** `/package.Service/Method`. */
  readonly path: string
  readonly message: Buffer
  readonly signal: AbortSignal | undefined
}

/**
 * Calls the method and gives the messages of its answer. Whoever takes them sets the pace; leaving them early ends the call.
 * @throws CnbError CNB_ENGINE_FAILED with the status 404 for what is not there and 501 for a method that is not; CNB_ENGINE_LOST,
 *   CNB_INTERRUPTED
 */
export async function* callGrpc(sessions: GrpcSession, { endpoint, events }: Pick<EngineClient, 'endpoint' | 'events'>, call: GrpcCall): AsyncGenerator<Buffer, void> {
  const { task, path, message, signal } = call
  const end = beginSpan(events, 'engine', `gRPC ${path}`)
  try {
    const session = await sessions.use(task, signal)
    try {
      const stream = session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' }, { signal })
      // The loop below gets it; this keeps one that comes after that has been left from ending the process.
      stream.on('error', () => {})
      let status: IncomingHttpHeaders = {}
      // An answer without messages has its status in the headers.
      for (const event of ['response', 'trailers']) stream.on(event, (headers: IncomingHttpHeaders) => (status = { ...status, ...headers }))
      try {
        stream.end(frameOf(message))
        yield* readFrames(stream, task)
        checkStatus(status, task)
      } finally {
        stream.close(constants.NGHTTP2_CANCEL)
      }
    } finally {
      sessions.release(session)
    }
  } catch (error) {
    throw engineError(error, task, endpoint, signal)
  } finally {
    end()
  }
}

function checkStatus(headers: IncomingHttpHeaders, task: string): void {
  const status = headers['grpc-status']
  const http = Number(headers[':status'] ?? 0)
  if (status === '0') return
  if (typeof status === 'string') throw engineRefusal(task, STATUS.get(status) ?? 0, wordsOf(headers['grpc-message'], status))
  // What is not gRPC answers as HTTP does.
  if (http >= 400) throw engineRefusal(task, http, '')
  throw new CnbError('CNB_ENGINE_LOST', `${task}: the engine broke off its answer`)
}

/** The message is percent-encoded, and may be missing or not what it should be. */
function wordsOf(message: string | string[] | undefined, status: string): string {
  const words = String(message ?? '') || `the engine answered with the gRPC status ${status}`
  try {
    return decodeURIComponent(words)
  } catch {
    return words
  }
}
