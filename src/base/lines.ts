/** Splits a byte stream into lines of text, independent of chunk boundaries. */

import { StringDecoder } from 'node:string_decoder'

/** A longer line is passed on in pieces, which bounds memory against a hostile process. */
const MAX_LINE = 64 * 1024

/** Calls `onLine` with each complete line, without its line ending; `end` passes the rest. A lone CR does not end a line. */
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
