/** Source lines for error messages. */

/** Returns line `line` of `text`, counted from 1. */
export function sourceLine(text: string, line: number | undefined): string | undefined {
  return line === undefined ? undefined : text.replace(/^\uFEFF/, '').split(/\r?\n/)[line - 1]
}
