/** Demultiplexes container output in frames (Docker Engine API, attach, "Stream format"). */

import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { CnbError } from '../base/errors.ts'
import { engineRefusal } from './engine-errors.ts'

const HEADER = 8
/** Streams 0 and 1: stdin, which an attach may echo, and stdout. */
const STDERR = 2
/** An error message of the engine in the middle of the stream. */
const SYSTEM = 3
const MAX_SYSTEM_WORDS = 4096
const TASK = "cannot read the container's output"

/**
 * Writes each frame's payload to its stream as it arrives, with backpressure; frames are not buffered, so their size uses no memory.
 * Ends with the source; leaves the outputs open.
 * @throws CnbError CNB_ENGINE_FAILED for invalid frames and for an error of the engine, CNB_ENGINE_LOST for a truncated stream, and
 *   errors of reading and writing
 */
export async function demultiplex(source: Readable, output: { stdout?: Writable; stderr?: Writable }): Promise<void> {
  const header = Buffer.alloc(HEADER)
  let have = 0
  let left = 0
  let words = ''
  for await (const read of source) {
    const chunk = read as Buffer
    let at = 0
    while (at < chunk.length) {
      if (left === 0) {
        const taken = chunk.copy(header, have, at, at + HEADER - have)
        have += taken
        at += taken
        if (have < HEADER) continue
        have = 0
        left = header.readUInt32BE(4)
        if (header.readUInt8(0) > SYSTEM || header.readUIntBE(1, 3) !== 0) throw engineRefusal(TASK, 0, 'a frame has an unknown header')
        continue
      }
      const payload = chunk.subarray(at, at + left)
      at += payload.length
      left -= payload.length
      const stream = header.readUInt8(0)
      if (stream === SYSTEM) {
        words = (words + payload.toString()).slice(0, MAX_SYSTEM_WORDS)
        continue
      }
      const full = write(stream === STDERR ? output.stderr : output.stdout, payload)
      if (full) await full
    }
  }
  if (words !== '') throw engineRefusal(TASK, 0, words)
  if (have > 0 || left > 0) throw new CnbError('CNB_ENGINE_LOST', `${TASK}: the stream is truncated`)
}

/** Returns undefined if the output accepts more data, otherwise a promise: one for each small frame would be too expensive. */
function write(to: Writable | undefined, payload: Buffer): Promise<unknown> | undefined {
  if (to === undefined) return undefined
  if (to.destroyed || to.writableEnded) throw to.errored ?? new Error('the output was closed')
  if (to.write(payload)) return undefined
  const waiting = new AbortController()
  const { signal } = waiting
  // If the reader disappears without an error, only `close` is emitted, never `drain`.
  return Promise.race([once(to, 'drain', { signal }), once(to, 'close', { signal })]).finally(() => waiting.abort())
}
