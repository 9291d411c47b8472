/** Output without Node's stream, which takes a quarter of the time of `--help` in a binary. */

import { fstatSync, statSync, writeSync } from 'node:fs'
import { devNull } from 'node:os'
import type { OutputStream } from '../ui/terminal.ts'

/** Returns the stream if the file descriptor may be a terminal; otherwise an output that opens it if the reader is slow or gone. */
export function directOutput(descriptor: number, open: () => OutputStream): OutputStream {
  return isDevice(descriptor) ? open() : new DirectOutput(descriptor, open)
}

class DirectOutput implements OutputStream {
  readonly #descriptor: number
  readonly #open: () => OutputStream
  #stream: OutputStream | undefined
  #failure: Error | undefined

  constructor(descriptor: number, open: () => OutputStream) {
    this.#descriptor = descriptor
    this.#open = open
  }

  get errored(): Error | null {
    return this.#stream?.errored ?? this.#failure ?? null
  }

  write(text: string | Uint8Array, done?: (error?: Error | null) => void): void {
    const rest = this.#stream ? text : this.#writeDirectly(Buffer.from(text))
    if (rest.length === 0) return done?.()
    this.#stream ??= this.#open()
    this.#stream.write(rest, done)
  }

  /** Returns the part that could not be written. */
  #writeDirectly(bytes: Buffer): Buffer {
    let rest = bytes
    try {
      while (rest.length > 0) rest = rest.subarray(writeSync(this.#descriptor, rest))
    } catch (error) {
      // The stream waits for a slow reader, and reports any other error.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') this.#failure = error as Error
    }
    return rest
  }
}

/** Whether a file may be a terminal. `isatty` would also load the code of streams. */
function isDevice(descriptor: number): boolean {
  try {
    const stats = fstatSync(descriptor)
    return stats.isCharacterDevice() && stats.rdev !== statSync(devNull, { throwIfNoEntry: false })?.rdev
  } catch {
    return false
  }
}
