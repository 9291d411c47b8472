/** Aligned lists of names and values. */

import { sanitizeLine } from './sanitize.ts'
import type { Theme } from './theme.ts'

/** Formats indented `name  value` lines with the values in one column; entries without a value are omitted. */
export function formatFields(entries: readonly (readonly [name: string, value: string | undefined])[], theme: Theme): string[] {
  const given = entries.filter((entry): entry is readonly [string, string] => entry[1] !== undefined && entry[1] !== '')
  const width = Math.max(0, ...given.map(([name]) => name.length))
  return given.map(([name, value]) => `  ${theme.dim(name.padEnd(width))}  ${sanitizeLine(value, false)}`)
}
