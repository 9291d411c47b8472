/**
 * Parses the session script's standard output: the phases' text, and the script's lines and data.
 * A buildpack can forge those lines (session-script.ts), so every size is bounded here.
 */

import { Writable } from 'node:stream'
import { CnbError } from '../../../../base/errors.ts'
import { countBytes } from '../../../../base/spent-chunks.ts'
import { whenWritable } from '../../../../docker/when-writable.ts'
import { MAX_METADATA_BYTES } from '../../metadata-limit.ts'

/** A line of the script: the words after the mark. */
export type MarkedLine = readonly string[]

export interface MarkedOutputOptions {
  /** The start of the script's lines, after a NUL; no program prints it by accident. */
  readonly mark: string
  /** Receives the output of phases. */
  readonly text: (chunk: Buffer) => void
  /** Receives a line of the script; `data` is the data between `data <name>` and its `end`. */
  readonly line: (words: MarkedLine, data: Buffer) => void
  /** Returns the receiver of the data of this name; without one, `line` receives the data. */
  readonly receiver?: (name: string) => Writable | undefined
}

/** The metadata that a build may leave, and the tar around it. */
const MAX_DATA = MAX_METADATA_BYTES + 16 * 1024 * 1024
const MAX_LINE = 64 * 1024
const NEWLINE = 0x0a
/** Several frames of the engine, which have 32 KiB: the sender waits only for a slow receiver. */
const BUFFER = 256 * 1024

export class MarkedOutput extends Writable {
  readonly #needle: Buffer
  readonly #options: MarkedOutputOptions
  #rest: Buffer = Buffer.alloc(0)
  /** The name of the current data. */
  #name: string | undefined
  #receiver: Writable | undefined
  #data: Buffer[] = []
  #size = 0

  constructor(options: MarkedOutputOptions) {
    super({ highWaterMark: BUFFER })
    this.#needle = Buffer.from(`\0${options.mark} `)
    this.#options = options
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    try {
      this.#join(chunk)
      while (this.#takeLine());
      if (this.#receiver) whenWritable(this.#receiver, done)
      else done()
    } catch (error) {
      done(error as Error)
    }
  }

  override _final(done: (error?: Error) => void): void {
    this.#pass(this.#rest)
    done()
  }

  /** Adds a chunk to the rest. It is copied only if a line could start in the rest, which zeros at the end of a chunk look like. */
  #join(chunk: Buffer): void {
    const { length } = this.#needle
    if (this.#rest.length < length && chunk.length >= length && Buffer.concat([this.#rest, chunk.subarray(0, length)]).indexOf(this.#needle) < 0) {
      this.#pass(this.#rest)
      this.#rest = chunk
    } else this.#rest = Buffer.concat([this.#rest, chunk])
  }

  /** Handles the output up to the next line of the script. Returns false if no more lines are complete. */
  #takeLine(): boolean {
    const at = this.#rest.indexOf(this.#needle)
    if (at < 0) {
      // A needle may start in the last bytes.
      const begun = this.#rest.indexOf(0, Math.max(0, this.#rest.length - this.#needle.length + 1))
      const end = begun < 0 ? this.#rest.length : begun
      this.#pass(this.#rest.subarray(0, end))
      this.#rest = this.#rest.subarray(end)
      return false
    }
    this.#pass(this.#rest.subarray(0, at))
    this.#rest = this.#rest.subarray(at)
    const end = this.#rest.indexOf(NEWLINE)
    if (end < 0) {
      if (this.#rest.length > MAX_LINE) throw new CnbError('CNB_PHASE_FAILED', `a line from the build container has more than ${MAX_LINE} bytes`)
      return false
    }
    const words = this.#rest.subarray(this.#needle.length, end).toString().split(' ')
    this.#rest = this.#rest.subarray(end + 1)
    this.#line(words)
    return true
  }

  #line(words: MarkedLine): void {
    if (words[0] === 'data') {
      this.#name = words[1]
      this.#receiver = this.#options.receiver?.(this.#name ?? '')
      return
    }
    const data = Buffer.concat(this.#data)
    const name = this.#name
    this.#name = this.#receiver = undefined
    this.#data = []
    this.#size = 0
    this.#options.line(words[0] === 'end' ? ['data', name ?? ''] : words, data)
  }

  #pass(bytes: Buffer): void {
    if (bytes.length === 0) return
    if (this.#name === undefined) {
      this.#options.text(bytes)
      return
    }
    if (this.#receiver) {
      if (!this.#receiver.destroyed) this.#receiver.write(bytes)
      return
    }
    this.#size += bytes.length
    if (this.#size > MAX_DATA) {
      throw new CnbError('CNB_PHASE_FAILED', `cannot read '${this.#name}' from the build container: it has more than ${MAX_DATA} bytes`, {
        hint: "Write large data into a layer's directory instead of TOML or SBOM files.",
      })
    }
    countBytes(bytes)
    this.#data.push(Buffer.from(bytes))
  }
}
