/** Words of commands that are shown for people to copy. */

import { sanitizeLine } from './sanitize.ts'

/** Characters that no shell takes for anything else. */
const PLAIN = /^[\w@%+=:,./-]+$/

/** A word as a POSIX shell takes it: in single quotes where it needs them. */
export function shellWord(text: string): string {
  const word = sanitizeLine(text, false)
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
