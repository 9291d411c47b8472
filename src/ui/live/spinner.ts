/** A spinner on the last line of a terminal. The only file that imports ora. */

import type { OutputStream } from '../terminal.ts'

export interface Spinner {
  /** Starts the spinner, or changes its text; every frame calls `suffix`. */
  show(text: string, suffix: () => string): void
  /** Removes the line. */
  hide(): void
}

/**
 * Creates a spinner; `stream` must be a terminal. ora takes 50 ms to load and is loaded on demand. Its option `discardStdin`
 * is off: it keeps Ctrl-C from reaching the process.
 */
export async function makeSpinner(stream: OutputStream, colored: boolean): Promise<Spinner> {
  const { default: ora } = await import('ora')
  const spinner = ora({
    stream: stream as NodeJS.WriteStream,
    color: colored ? 'cyan' : false,
    discardStdin: false,
    isEnabled: true,
    indent: 0,
  })
  return {
    show(text, suffix) {
      // The terminal may have lost its size since the spinner was made; ora wraps lines by that size.
      if (!((stream.columns ?? 0) > 0)) return
      spinner.text = text
      spinner.suffixText = suffix
      if (!spinner.isSpinning) spinner.start()
    },
    hide() {
      if (spinner.isSpinning) spinner.stop()
    },
  }
}
