/** The one writer to both streams, so that no line is torn by what moves at the bottom of the screen. */

import { defuseText } from './runner-commands.ts'
import { visibleLength } from './sanitize.ts'
import { makeTheme, usesColor, type ColorChoice, type Theme } from './theme.ts'

/** The part of a Node stream that is needed to write to a screen. */
export interface OutputStream {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
}

export interface TerminalOptions {
  readonly stdout: OutputStream
  readonly stderr: OutputStream
  readonly env: Readonly<Record<string, string | undefined>>
  readonly color: ColorChoice
}

const ERASE_LINE = '\u001b[2K'
const UP = '\u001b[1A'

/**
 * stdout for results, stderr for talk and, at its bottom, lines that are drawn again and again. Text of others gives no commands to
 * a CI runner, which may read both streams wherever `cnb` runs.
 */
export class Terminal {
  /** How text on stdout looks. */
  readonly out: Theme
  /** How text on stderr looks. */
  readonly err: Theme
  /** Whether anything on stderr may move: a terminal with a size, which ora needs, and not in CI. */
  readonly animated: boolean
  readonly stderr: OutputStream
  readonly #stdout: OutputStream
  #live: readonly string[] = []

  constructor({ stdout, stderr, env, color }: TerminalOptions) {
    this.#stdout = stdout
    this.stderr = stderr
    this.out = makeTheme(usesColor(color, { env, isTTY: stdout.isTTY === true }), (stdout.isTTY && stdout.columns) || undefined)
    this.err = makeTheme(usesColor(color, { env, isTTY: stderr.isTTY === true }))
    const inCI = env['CI'] !== undefined && env['CI'] !== '' && env['CI'] !== 'false'
    this.animated = stderr.isTTY === true && (stderr.columns ?? 0) > 0 && !inCI && env['TERM'] !== 'dumb'
  }

  /** The size of the screen behind stderr, as it is now. */
  get columns(): number {
    return this.stderr.columns || 80
  }

  get rows(): number {
    return this.stderr.rows || 24
  }

  /** Writes a result: whole lines on stdout. */
  print(text: string): void {
    if (this.#live.length > 0) this.live([])
    this.#stdout.write(`${defuseText(text)}\n`)
  }

  /** Says something: whole lines on stderr, above what moves. */
  tell(text: string): void {
    this.command(defuseText(text))
  }

  /** Writes lines on stderr as they are: commands of ours to the CI runner that reads them. */
  command(text: string): void {
    this.stderr.write(`${this.#erase()}${text}\n${this.#live.map((line) => `${line}\n`).join('')}`)
  }

  /** Draws `lines` in place of the ones drawn last; none to take them away. Each must fit the screen's width. */
  live(lines: readonly string[]): void {
    const erase = this.#erase()
    this.#live = lines
    if (erase !== '' || lines.length > 0) this.stderr.write(erase + lines.map((line) => `${line}\n`).join(''))
  }

  #erase(): string {
    // A window made narrower since has wrapped the lines: they take more rows now.
    const rows = this.#live.reduce((sum, line) => sum + Math.max(1, Math.ceil(visibleLength(line) / this.columns)), 0)
    // The terminal itself may have written below them, where the cursor is: it shows a Ctrl-C as ^C.
    return rows === 0 ? '' : `\r${ERASE_LINE}${`${UP}${ERASE_LINE}`.repeat(rows)}`
  }
}
