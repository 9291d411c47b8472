/** Recorded output streams and a manual clock for tests. */

import type { DisplayClock } from '../../../src/ui/live/live-display.ts'
import { Terminal, type OutputStream } from '../../../src/ui/terminal.ts'

export interface RecordingStream extends OutputStream {
  text: string
  columns?: number
  rows?: number
}

export interface Screen {
  isTTY?: boolean
  columns?: number
  rows?: number
}

export function recordingStream(screen: Screen = {}): RecordingStream {
  return {
    ...screen,
    text: '',
    write(text: string) {
      this.text += text
    },
  }
}

/** Creates a terminal over two recorded streams, by default without color. */
export function recordingTerminal(screen: Screen = {}, env: Record<string, string> = {}, color: 'never' | 'always' = 'never') {
  const stdout = recordingStream(screen)
  const stderr = recordingStream(screen)
  return { stdout, stderr, terminal: new Terminal({ stdout, stderr, env, color }) }
}

/** A clock that tests advance manually. */
export class ManualClock implements DisplayClock {
  #now = 0
  readonly #timers = new Map<() => void, number>()

  now(): number {
    return this.#now
  }

  readonly schedule: DisplayClock['schedule'] = (callback, ms) => {
    // Wrapped, because the same callback may be scheduled twice.
    const timer = (): void => callback()
    this.#timers.set(timer, this.#now + ms)
    return () => void this.#timers.delete(timer)
  }

  /** Advances the time and runs due callbacks. */
  advance(ms: number): void {
    const end = this.#now + ms
    for (;;) {
      const due = [...this.#timers].filter(([, at]) => at <= end).sort(([, a], [, b]) => a - b)[0]
      if (!due) break
      this.#timers.delete(due[0])
      this.#now = due[1]
      due[0]()
    }
    this.#now = end
  }
}

/** Returns the content of a screen of unlimited height after `text`: applies cursor-up and erase-line sequences. */
export function screenAfter(text: string): string[] {
  const lines = ['']
  let row = 0
  for (const [token] of text.matchAll(/\u001b\[1A|\u001b\[2K|\n|[^\u001b\n]+/g)) {
    if (token === '\u001b[1A') row--
    else if (token === '\u001b[2K') lines[row] = ''
    else if (token === '\n') lines[++row] ??= ''
    else lines[row] = `${lines[row]}${token}`
  }
  return lines.slice(0, row)
}
