/** Reads a stream in portions of the size that a parser needs. */

import type { Readable } from 'node:stream'

/** The caller owns `stream` and destroys it. */
export class ByteSource {
  readonly #chunks: AsyncIterator<unknown>
  #chunk: Buffer = Buffer.alloc(0)
  #loading: Promise<boolean> | undefined

  constructor(stream: Readable) {
    this.#chunks = stream[Symbol.asyncIterator]()
  }

  /** Returns the next `length` bytes if they are buffered in one piece; they share memory with the stream's chunk. */
  take(length: number): Buffer | undefined {
    if (this.#chunk.length < length) return undefined
    const taken = this.#chunk.subarray(0, length)
    this.#chunk = this.#chunk.subarray(length)
    return taken
  }

  /** Returns the next `length` bytes; fewer only at the end of the stream. */
  async gather(length: number): Promise<Buffer> {
    const whole = this.take(length)
    if (whole) return whole
    const gathered = Buffer.allocUnsafe(length)
    let filled = 0
    while (filled < length) {
      const piece = await this.some(length - filled)
      if (!piece) break
      filled += piece.copy(gathered, filled)
    }
    return gathered.subarray(0, filled)
  }

  /** Returns the rest of the stream's chunk if it has `enough` bytes, otherwise the next `most` bytes, joined; fewer at the end, undefined after it. */
  async piece(enough: number, most: number): Promise<Buffer | undefined> {
    while (this.#chunk.length === 0) if (!(await this.#load())) return undefined
    return this.#chunk.length >= Math.min(enough, most) ? this.take(Math.min(most, this.#chunk.length)) : this.gather(most)
  }

  /** Returns between 1 and `most` of the next bytes; undefined at the end of the stream. */
  some(most: number): Promise<Buffer | undefined> {
    return this.piece(1, most)
  }

  /** Loads one chunk at a time, even if several callers wait. */
  #load(): Promise<boolean> {
    this.#loading ??= this.#chunks
      .next()
      .then((next) => {
        if (next.done !== true) this.#chunk = next.value as Buffer
        return next.done !== true
      })
      .finally(() => (this.#loading = undefined))
    return this.#loading
  }
}
