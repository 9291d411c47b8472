/** The line that an error is about. */

/** Line `line` of `text`, counted from 1. */
export function sourceLine(text: string, line: number | undefined): string | undefined {
  return line === undefined ? undefined : text.replace(/^\uFEFF/, '').split(/\r?\n/)[line - 1]
}
