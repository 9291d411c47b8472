/** Writes the log of a build: a line for each line of output, after its time. */

import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import type { Context } from '../../base/events.ts'
import { cannotWrite } from '../../base/files.ts'
import type { BuildLog } from '../store.ts'
import { Claim } from './claim.ts'
import type { StateProcess } from './state-process.ts'

/** In characters. Readers split longer lines, as sources of output do (`LineSplitter`). */
const MAX_LINE = 60 * 1024

export interface LogPaths {
  readonly log: string
  readonly writer: string
}

/** Opens a log, at its end. @throws CnbError CNB_OUTPUT */
export async function openBuildLog({ log, writer }: LogPaths, process: StateProcess, context: Context): Promise<BuildLog> {
  const claim = await Claim.make(writer, process)
  try {
    return new FileLog(openSync(log, 'a', 0o644), log, claim, process, context)
  } catch (error) {
    await claim[Symbol.asyncDispose]()
    return cannotWrite(log, error)
  }
}

class FileLog implements BuildLog {
  readonly #file: number
  readonly #path: string
  readonly #claim: Claim
  readonly #process: StateProcess
  readonly #context: Context
  #hasFailed = false

  constructor(file: number, path: string, claim: Claim, process: StateProcess, context: Context) {
    this.#file = file
    this.#path = path
    this.#claim = claim
    this.#process = process
    this.#context = context
  }

  /** Synchronous: output that comes faster than the disk takes it does not fill the memory, and `kill -9` loses none that was written. */
  write(text: string): void {
    const time = new Date(this.#process.clock.now()).toISOString()
    const lines = (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n').flatMap(pieces)
    this.#attempt(() => {
      let bytes = Buffer.from(lines.map((line) => `${time} ${line}\n`).join(''))
      while (bytes.length > 0) bytes = bytes.subarray(writeSync(this.#file, bytes))
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#attempt(() => fsyncSync(this.#file))
    closeSync(this.#file)
    await this.#claim[Symbol.asyncDispose]()
  }

  #attempt(work: () => void): void {
    if (this.#hasFailed) return
    try {
      work()
    } catch (error) {
      this.#hasFailed = true
      this.#context.events?.({ type: 'warning', message: `cannot write ${this.#path}: ${(error as Error).message}; the rest of this log is lost` })
    }
  }
}

function pieces(line: string): string[] {
  const count = Math.max(1, Math.ceil(line.length / MAX_LINE))
  return Array.from({ length: count }, (_, index) => line.slice(index * MAX_LINE, (index + 1) * MAX_LINE))
}
