/** The lines of the session script that the host has not yet read. */

import { CnbError, toCnbError } from '../../../../base/errors.ts'
import type { MarkedLine } from './marked-output.ts'

/** A line, and the data before it. */
export interface Said {
  readonly words: MarkedLine
  readonly data: Buffer
}

/** The maximum time for a reply. A buildpack can write to the script's standard input and break the protocol. */
const REPLY_TIMEOUT_MS = 10 * 60 * 1000
/** More lines than the script writes before it waits for a command. */
const MAX_UNREAD = 16
const MAX_SHOWN = 100

export class SessionLines {
  readonly #unread: Said[] = []
  #wake: (() => void) | undefined
  #failure: unknown

  /** Why there are no more lines than the unread ones. */
  get failure(): unknown {
    return this.#failure
  }

  /** Bounds the number of unread lines, because a buildpack can forge any number. */
  hear(said: Said): void {
    if (this.#failure) return
    if (this.#unread.length < MAX_UNREAD) this.#unread.push(said)
    else this.fail(protocolError(said.words))
    this.#wake?.()
  }

  fail(error: unknown): void {
    this.#failure ??= error
    this.#wake?.()
  }

  /** Returns the next line, which the script sends without waiting for a phase. */
  async reply(): Promise<Said> {
    const timer = setTimeout(() => this.fail(new CnbError('CNB_PHASE_FAILED', 'the build container does not reply')), REPLY_TIMEOUT_MS)
    try {
      return await this.next()
    } finally {
      clearTimeout(timer)
    }
  }

  async next(): Promise<Said> {
    for (;;) {
      const said = this.#unread.shift()
      if (said) return said
      if (this.#failure) throw toCnbError(this.#failure)
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }
}

/** Returns the data of this name. @throws CnbError CNB_PHASE_FAILED for another line */
export function dataOf({ words, data }: Said, name: string): Buffer {
  if (words[0] !== 'data' || words[1] !== name) throw protocolError(words)
  return data
}

/** Returns the exit code of this program. @throws CnbError CNB_PHASE_FAILED for another line */
export function exitCodeOf({ words }: Said, program: string): number {
  const [word, name, code = ''] = words
  if (word !== 'exit' || name !== program || !/^\d{1,3}$/.test(code) || Number(code) > 255) throw protocolError(words)
  return Number(code)
}

export function protocolError(words: MarkedLine): CnbError {
  return new CnbError('CNB_PHASE_FAILED', `unexpected message from the build container: '${words.slice(0, 3).join(' ').slice(0, MAX_SHOWN)}'`)
}
