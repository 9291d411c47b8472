/** Reads the log of a build, and follows it while another process writes. */

import { type FileHandle, open, stat } from 'node:fs/promises'
import { CnbError, throwIfAborted } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { LineSplitter } from '../../base/lines/line-splitter.ts'
import type { LogLine } from '../store.ts'
import type { LogPaths } from './build-log.ts'
import { ClaimWatch } from './claim.ts'
import type { StateProcess } from './state-process.ts'

const CHUNK = 256 * 1024
/** Milliseconds between two looks at a log that another process writes. */
const PAUSE = 250

const TIMED = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) /

export interface LogSource extends LogPaths {
  /** Whether more may come although no process writes the log: the build has not started. */
  readonly mayStart: () => Promise<boolean>
}

/** Yields lines as they come; memory stays flat for logs of any size. @throws CnbError CNB_STATE_INVALID, CNB_INTERRUPTED */
export async function* readBuildLog(source: LogSource, follow: boolean, process: StateProcess, { signal }: Context): AsyncGenerator<readonly LogLine[]> {
  const watch = new ClaimWatch(process)
  const tail = new Tail(source.log)
  try {
    for (;;) {
      // Before the read: lines that come after the last look and before the end of the writer are read.
      const mayGrow = follow && (typeof (await watch.look(source.writer)) === 'object' || (!tail.isOpen && (await source.mayStart())))
      for (;;) {
        throwIfAborted(signal)
        const lines = await tail.read()
        if (lines === undefined) break
        if (lines.length > 0) yield lines
      }
      if (!mayGrow) break
      await process.clock.sleep(PAUSE, signal)
    }
    const rest = tail.rest()
    if (rest.length > 0) yield rest
  } finally {
    await tail.close()
  }
}

/** The part of a file that was not read yet. */
class Tail {
  readonly #path: string
  readonly #buffer = Buffer.allocUnsafe(CHUNK)
  #file: FileHandle | undefined
  #position = 0
  #lines: LogLine[] = []
  #splitter = this.#newSplitter()

  constructor(path: string) {
    this.#path = path
  }

  get isOpen(): boolean {
    return this.#file !== undefined
  }

  /** Returns the complete lines of the next chunk, undefined at the end of the file. A file that was replaced is read from its start. */
  async read(): Promise<readonly LogLine[] | undefined> {
    try {
      this.#file ??= await open(this.#path, 'r')
      const { bytesRead } = await this.#file.read(this.#buffer, 0, CHUNK, this.#position)
      if (bytesRead === 0) {
        if (!(await this.#isReplaced(this.#file))) return undefined
        await this.#restart()
        return []
      }
      this.#position += bytesRead
      this.#splitter.write(this.#buffer.subarray(0, bytesRead))
      return this.#take()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw new CnbError('CNB_STATE_INVALID', `cannot read ${this.#path}: ${(error as Error).message}`, { cause: error })
    }
  }

  /** Returns the incomplete line at the end. */
  rest(): readonly LogLine[] {
    this.#splitter.end()
    return this.#take()
  }

  async close(): Promise<void> {
    await this.#file?.close()
    this.#file = undefined
  }

  async #isReplaced(file: FileHandle): Promise<boolean> {
    const [opened, named] = await Promise.all([file.stat(), stat(this.#path)])
    return named.ino !== opened.ino || named.dev !== opened.dev || opened.size < this.#position
  }

  async #restart(): Promise<void> {
    await this.close()
    this.#position = 0
    this.#splitter = this.#newSplitter()
  }

  #newSplitter(): LineSplitter {
    return new LineSplitter((line) => {
      const time = TIMED.exec(line)?.[1] ?? ''
      this.#lines.push({ time, text: time === '' ? line : line.slice(time.length + 1) })
    })
  }

  #take(): readonly LogLine[] {
    const lines = this.#lines
    this.#lines = []
    return lines
  }
}
