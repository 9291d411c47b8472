/** The only writer to stdout and stderr; it keeps printed lines intact above the live display. */

import { defuseText } from './runner-commands.ts'
import { visibleLength } from './sanitize.ts'
import { makeTheme, usesColor, type ColorChoice, type Theme } from './theme.ts'

/** The part of a Node stream that writing to a screen needs. */
export interface OutputStream {
  /** @param done called once the text is written or has failed */
  write(text: string | Uint8Array, done?: (error?: Error | null) => void): unknown
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
  /** Why nothing can be written any more. */
  readonly errored?: Error | null
}

/** Ends a command without a reader. main.ts reports any other failure of the output. */
export class OutputClosed extends Error {}

export interface TerminalOptions {
  readonly stdout: OutputStream
  readonly stderr: OutputStream
  readonly env: Readonly<Record<string, string | undefined>>
  readonly color: ColorChoice
  /** Returns the time to print before each line of progress; no time is printed without it. */
  readonly now?: () => Date
}

/** Formats a local time as pack does: `2026/01/31 12:00:00.123000`. */
function formatTime(time: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0')
  const date = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join('/')
  return `${date} ${[time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':')}.${String(time.getMilliseconds()).padStart(3, '0')}000`
}

const ERASE_LINE = '\u001b[2K'
const UP = '\u001b[1A'

/**
 * Writes results to stdout, and progress to stderr with live lines at its bottom. CI runner commands in external text are escaped,
 * because a runner may read both streams.
 */
export class Terminal {
  /** Style of text on stdout. */
  readonly out: Theme
  /** Style of text on stderr. */
  readonly err: Theme
  /** Whether stderr may be animated: a terminal with a size, which ora needs, outside of CI. */
  readonly animated: boolean
  readonly stderr: OutputStream
  readonly #stdout: OutputStream
  readonly #now: (() => Date) | undefined
  #live: readonly string[] = []

  constructor({ stdout, stderr, env, color, now }: TerminalOptions) {
    this.#stdout = stdout
    this.#now = now
    this.stderr = stderr
    this.out = makeTheme(usesColor(color, { env, isTTY: stdout.isTTY === true }), (stdout.isTTY && stdout.columns) || undefined)
    this.err = makeTheme(usesColor(color, { env, isTTY: stderr.isTTY === true }))
    const inCI = env['CI'] !== undefined && env['CI'] !== '' && env['CI'] !== 'false'
    this.animated = stderr.isTTY === true && (stderr.columns ?? 0) > 0 && !inCI && env['TERM'] !== 'dumb'
  }

  /** The current size of the screen behind stderr. */
  get columns(): number {
    return this.stderr.columns || 80
  }

  get rows(): number {
    return this.stderr.rows || 24
  }

  /** Whether stdout has failed, such as after the end of its reader (`| head`). */
  get isDeaf(): boolean {
    return Boolean(this.#stdout.errored)
  }

  /** Writes a result: whole lines to stdout. */
  print(text: string): void {
    if (this.#live.length > 0) this.live([])
    this.#stdout.write(`${defuseText(text)}\n`)
  }

  /** Writes a message: whole lines to stderr, above the live lines. */
  tell(text: string): void {
    this.command(this.stamped(defuseText(text)))
  }

  /** Returns the lines of a text, each after the time if times are printed. */
  stamped(text: string): string {
    const now = this.#now
    return now ? text.split('\n').map((line) => `${formatTime(now())} ${line}`).join('\n') : text
  }

  /** Writes lines to stderr unescaped: commands of cnb to the CI runner. */
  command(text: string): void {
    this.stderr.write(`${this.#erase()}${text}\n${this.#live.map((line) => `${line}\n`).join('')}`)
  }

  /** Replaces the live lines; an empty list removes them. Each line must fit the screen's width. */
  live(lines: readonly string[]): void {
    const erase = this.#erase()
    this.#live = lines
    if (erase !== '' || lines.length > 0) this.stderr.write(erase + lines.map((line) => `${line}\n`).join(''))
  }

  #erase(): string {
    // If the window has become narrower, the lines have wrapped and occupy more rows.
    const rows = this.#live.reduce((sum, line) => sum + Math.max(1, Math.ceil(visibleLength(line) / this.columns)), 0)
    // The terminal may have echoed ^C at the cursor, below the live lines.
    return rows === 0 ? '' : `\r${ERASE_LINE}${`${UP}${ERASE_LINE}`.repeat(rows)}`
  }
}
