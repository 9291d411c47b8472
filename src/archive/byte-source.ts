/** A stream's bytes in the portions that a parser asks for. */

import type { Readable } from 'node:stream'

/** Whoever makes one owns `stream` and destroys it. */
export class ByteSource {
  readonly #chunks: AsyncIterator<unknown>
  #chunk: Buffer = Buffer.alloc(0)
  #loading: Promise<boolean> | undefined

  constructor(stream: Readable) {
    this.#chunks = stream[Symbol.asyncIterator]()
  }

  /** The next `length` bytes if they are at hand in one piece. It shares memory with the stream's chunk. */
  take(length: number): Buffer | undefined {
    if (this.#chunk.length < length) return undefined
    const taken = this.#chunk.subarray(0, length)
    this.#chunk = this.#chunk.subarray(length)
    return taken
  }

  /** The next `length` bytes; fewer only at the stream's end. */
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

  /** Between 1 and `most` of the next bytes; undefined at the stream's end. */
  async some(most: number): Promise<Buffer | undefined> {
    while (this.#chunk.length === 0) if (!(await this.#load())) return undefined
    return this.take(Math.min(most, this.#chunk.length))
  }

  /** One load at a time, whoever waits for it. */
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
