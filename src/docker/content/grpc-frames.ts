/** gRPC message frames: a flag, a four-byte length, the message (grpc/grpc, PROTOCOL-HTTP2.md). */

import type { Readable } from 'node:stream'
import { CnbError } from '../../base/errors.ts'

const HEADER = 5
/** A piece of a blob is 1 MiB; the services that `cnb` calls send no larger message. */
const MAX_MESSAGE = 8 * 1024 * 1024

/** Returns the frame of a message. */
export function frameOf(message: Buffer): Buffer {
  const header = Buffer.alloc(HEADER)
  header.writeUInt32BE(message.length, 1)
  return Buffer.concat([header, message])
}

/**
 * Yields the messages of a body, with one at a time in memory.
 * @throws CnbError CNB_ENGINE_FAILED for a compressed message or one above 8 MiB, CNB_ENGINE_LOST for a truncated body
 */
export async function* readFrames(body: Readable, task: string): AsyncGenerator<Buffer> {
  let parts: Buffer[] = []
  let have = 0
  let want = HEADER
  let inMessage = false
  for await (const read of body) {
    let chunk = read as Buffer
    while (have + chunk.length >= want) {
      const whole = Buffer.concat([...parts, chunk.subarray(0, want - have)])
      chunk = chunk.subarray(want - have)
      parts = []
      have = 0
      if (inMessage) {
        inMessage = false
        want = HEADER
        yield whole
        continue
      }
      const size = whole.readUInt32BE(1)
      if (whole.readUInt8(0) !== 0 || size > MAX_MESSAGE) {
        throw new CnbError('CNB_ENGINE_FAILED', `${task}: the engine sent a message of ${size} bytes, or a compressed one`)
      }
      inMessage = true
      want = size
    }
    if (chunk.length > 0) parts.push(chunk)
    have += chunk.length
  }
  if (inMessage || have > 0) throw new CnbError('CNB_ENGINE_LOST', `${task}: the engine's reply is truncated`)
}
