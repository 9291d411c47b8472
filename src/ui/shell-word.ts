/** Quoting of shell words in suggested commands. */

import { sanitizeLine } from './sanitize.ts'

/** Characters without a special meaning in any shell. */
const PLAIN = /^[\w@%+=:,./-]+$/

/** Quotes a word for a POSIX shell, if necessary. */
export function shellWord(text: string): string {
  const word = sanitizeLine(text, false)
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
