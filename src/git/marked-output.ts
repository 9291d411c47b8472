/** Parts of a stream, each with a mark and an exit code at its end. */

import type { Readable } from 'node:stream'
import { tooLarge } from './run-git.ts'

export interface MarkedPart {
  readonly content: Buffer
  readonly code: number
}

/** The digits of an exit code, and the line breaks. */
const MORE = 8

export class MarkedOutput {
  readonly #end: RegExp
  readonly #kept: number
  #max = 0
  #size = 0
  #tail = ''
  #chunks: Buffer[] = []
  #done = (_part: MarkedPart): void => {}
  #fail = (_error: Error): void => {}

  /** @param mark letters and digits; a part ends with a line break, the mark, a space, the code and a line break */
  constructor(stream: Readable, mark: string) {
    this.#end = new RegExp(`\\n${mark} (\\d+)\\n$`)
    this.#kept = mark.length + MORE
    stream.on('data', (chunk: Buffer) => this.#add(chunk))
  }

  /** Returns the next part, which has not begun. @throws GitError for a larger one; then the stream cannot be read on */
  next(max: number): Promise<MarkedPart> {
    this.#max = max
    this.#size = 0
    this.#tail = ''
    this.#chunks = []
    return new Promise((resolve, reject) => {
      this.#done = resolve
      this.#fail = reject
    })
  }

  #add(chunk: Buffer): void {
    this.#size += chunk.length
    if (this.#size > this.#max + this.#kept) {
      this.#chunks = []
      return this.#fail(tooLarge(this.#max))
    }
    this.#chunks.push(chunk)
    // The mark may be in several chunks.
    this.#tail = (this.#tail + chunk.subarray(-this.#kept).toString('latin1')).slice(-this.#kept)
    const [end, code] = this.#end.exec(this.#tail) ?? []
    if (end === undefined) return
    this.#done({ content: Buffer.concat(this.#chunks).subarray(0, -end.length), code: Number(code) })
  }
}
