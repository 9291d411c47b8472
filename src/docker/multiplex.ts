/** Demultiplexes container output in frames (Docker Engine API, attach, "Stream format"). */

import { Writable, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { CnbError } from '../base/errors.ts'
import { engineRefusal } from './engine-errors.ts'
import { whenWritable } from './when-writable.ts'

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
export function demultiplex(source: Readable, output: { stdout?: Writable; stderr?: Writable }): Promise<void> {
  // Not an iteration, which joins all waiting chunks in a new buffer.
  return pipeline(source, new Demultiplexer(output))
}

class Demultiplexer extends Writable {
  readonly #output: { stdout?: Writable; stderr?: Writable }
  readonly #header = Buffer.alloc(HEADER)
  #have = 0
  #left = 0
  #words = ''

  constructor(output: { stdout?: Writable; stderr?: Writable }) {
    super()
    this.#output = output
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    try {
      const full = this.#take(chunk)
      if (full.length === 0) done()
      else Promise.all(full.map(drained)).then(() => done(), done)
    } catch (error) {
      done(error as Error)
    }
  }

  override _final(done: (error?: Error) => void): void {
    if (this.#words !== '') done(engineRefusal(TASK, 0, this.#words))
    else if (this.#have > 0 || this.#left > 0) done(new CnbError('CNB_ENGINE_LOST', `${TASK}: the stream is truncated`))
    else done()
  }

  /** Passes the payloads on. Returns the outputs that accept no more for now. */
  #take(chunk: Buffer): Writable[] {
    const full = new Set<Writable>()
    for (let at = 0; at < chunk.length; ) {
      if (this.#left === 0) {
        const taken = chunk.copy(this.#header, this.#have, at, at + HEADER - this.#have)
        this.#have += taken
        at += taken
        if (this.#have === HEADER) this.#begin()
        continue
      }
      const payload = chunk.subarray(at, at + this.#left)
      at += payload.length
      this.#left -= payload.length
      const to = this.#receiver(payload)
      if (!to) continue
      if (to.destroyed || to.writableEnded) throw to.errored ?? new Error('the output was closed')
      if (!to.write(payload)) full.add(to)
    }
    return [...full]
  }

  #begin(): void {
    this.#have = 0
    this.#left = this.#header.readUInt32BE(4)
    if (this.#header.readUInt8(0) > SYSTEM || this.#header.readUIntBE(1, 3) !== 0) throw engineRefusal(TASK, 0, 'a frame has an unknown header')
  }

  #receiver(payload: Buffer): Writable | undefined {
    const stream = this.#header.readUInt8(0)
    if (stream !== SYSTEM) return stream === STDERR ? this.#output.stderr : this.#output.stdout
    this.#words = (this.#words + payload.toString()).slice(0, MAX_SYSTEM_WORDS)
    return undefined
  }
}

/** @throws the output's error */
function drained(to: Writable): Promise<void> {
  return new Promise((resolve, reject) => whenWritable(to, () => (to.errored ? reject(to.errored) : resolve())))
}
