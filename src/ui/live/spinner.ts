/** One line that turns while nothing else is to be seen. The only file that knows ora. */

import type { OutputStream } from '../terminal.ts'

export interface Spinner {
  /** Starts turning, or changes what it says; `suffix` is asked anew for every frame. */
  show(text: string, suffix: () => string): void
  /** Takes the line away. */
  hide(): void
}

/**
 * Makes a spinner on a terminal (never call it for anything else). ora and its packages take 50 ms to load, so that they are
 * loaded here. Its default of swallowing stdin is off: with it, Ctrl-C does not reach the process.
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
