/** gRPC calls with one or many reply messages (grpc/grpc, doc/PROTOCOL-HTTP2.md and statuscodes.md). */

import type { IncomingHttpHeaders } from 'node:http2'
import { CnbError } from '../../base/errors.ts'
import { beginSpan } from '../../base/spans.ts'
import type { EngineClient } from '../connection/client.ts'
import { engineError, engineRefusal } from '../engine-errors.ts'
import { frameOf, readFrames } from './grpc-frames.ts'
import type { GrpcSession } from './grpc-session.ts'

/** gRPC statuses with an HTTP equivalent; of others only the message is used. */
const STATUS = new Map([['5', 404], ['12', 501]])

/** The error code CANCEL (RFC 9113, section 7). */
const CANCEL = 0x8

export interface GrpcCall {
  /** The task, for messages. */
  readonly task: string
  /** `/package.Service/Method`. */
  readonly path: string
  readonly message: Buffer
  readonly signal: AbortSignal | undefined
}

/**
 * Calls the method and yields the messages of its reply, at the consumer's pace; leaving the loop early ends the call.
 * @throws CnbError CNB_ENGINE_FAILED with status 404 for a missing object and 501 for an unimplemented method; CNB_ENGINE_LOST,
 *   CNB_INTERRUPTED
 */
export async function* callGrpc(sessions: GrpcSession, { endpoint, events }: Pick<EngineClient, 'endpoint' | 'events'>, call: GrpcCall): AsyncGenerator<Buffer, void> {
  const { task, path, message, signal } = call
  const end = beginSpan(events, 'engine', `gRPC ${path}`)
  try {
    const session = await sessions.use(task, signal)
    try {
      const stream = session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' }, { signal })
      // The loop below receives the error; this listener handles an error after the loop.
      stream.on('error', () => {})
      let status: IncomingHttpHeaders = {}
      // A reply without messages has its status in the headers.
      for (const event of ['response', 'trailers']) stream.on(event, (headers: IncomingHttpHeaders) => (status = { ...status, ...headers }))
      try {
        stream.end(frameOf(message))
        yield* readFrames(stream, task)
        checkStatus(status, task)
      } finally {
        stream.close(CANCEL)
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
  // A server without gRPC replies with a plain HTTP status.
  if (http >= 400) throw engineRefusal(task, http, '')
  throw new CnbError('CNB_ENGINE_LOST', `${task}: the engine aborted its reply`)
}

/** The message is percent-encoded, and may be missing or malformed. */
function wordsOf(message: string | string[] | undefined, status: string): string {
  const words = String(message ?? '') || `the engine replied with the gRPC status ${status}`
  try {
    return decodeURIComponent(words)
  } catch {
    return words
  }
}
