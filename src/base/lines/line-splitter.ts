/** Splits a byte stream into lines of text, independent of chunk boundaries. */

import { StringDecoder } from 'node:string_decoder'
import type { Mask } from './mask.ts'

/** A longer line is passed on in pieces, which bounds memory against a hostile process. */
const MAX_LINE = 64 * 1024

/** Calls `onLine` with each complete line, without its line ending; `end` passes the rest. A lone CR does not end a line. */
export class LineSplitter {
  readonly #decoder = new StringDecoder('utf8')
  readonly #onLine: (line: string) => void
  /** The part of a long line that is kept back: a secret may have begun in it. */
  readonly #kept: number
  readonly #mask: Mask | undefined
  #rest = ''

  /** @param mask hides secrets in the lines */
  constructor(onLine: (line: string) => void, mask?: Mask) {
    this.#onLine = mask ? (line) => onLine(mask.hide(line)) : onLine
    this.#kept = mask?.longest ?? 0
    this.#mask = mask
  }

  write(chunk: Buffer): void {
    this.#rest += this.#decoder.write(chunk)
    const lines = this.#rest.split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.#onLine(line.endsWith('\r') ? line.slice(0, -1) : line)
    const most = MAX_LINE + this.#kept
    if (this.#rest.length > most && this.#mask) this.#rest = this.#mask.hide(this.#rest)
    while (this.#rest.length > most) {
      this.#onLine(this.#rest.slice(0, MAX_LINE))
      this.#rest = this.#rest.slice(MAX_LINE)
    }
  }

  end(): void {
    this.#rest += this.#decoder.end()
    if (this.#rest !== '') this.#onLine(this.#rest)
    this.#rest = ''
  }
}
