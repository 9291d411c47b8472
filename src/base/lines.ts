/** Splits a byte stream into lines of text, whatever way its chunks are cut. */

import { StringDecoder } from 'node:string_decoder'

/** A line longer than this is handed on in pieces, so that a hostile process cannot make memory grow. */
const MAX_LINE = 64 * 1024

/** Gives each complete line, without its end, to `onLine`; `end` gives what is left. A lone CR does not end a line. */
export class LineSplitter {
  readonly #decoder = new StringDecoder('utf8')
  readonly #onLine: (line: string) => void
  #rest = ''

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine
  }

  write(chunk: Buffer): void {
    this.#rest += this.#decoder.write(chunk)
    const lines = this.#rest.split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.#onLine(line.endsWith('\r') ? line.slice(0, -1) : line)
    while (this.#rest.length > MAX_LINE) {
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
