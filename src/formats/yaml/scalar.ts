/** Values of plain YAML scalars as kubectl reads them: `on` is true, and `010` is eight. */

const WORDS: ReadonlyMap<string, boolean | null> = new Map([
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map((word) => [word, true] as const),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map((word) => [word, false] as const),
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, null] as const),
])
const NOT_A_NUMBER = /^(?:\.nan|\.NaN|\.NAN|[-+]?\.(?:inf|Inf|INF))$/
const INTEGER = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[oO]?([0-7]+)|0[bB]([01]+)|(0|[1-9][0-9]*))$/
/** Here an underscore has to be between digits. */
const FRACTION = /^\.[0-9](?:_?[0-9])*(?:[eE][-+]?[0-9](?:_?[0-9])*)?$/
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/

/**
 * Returns the value of a plain scalar, by the rules of go-yaml v2 (resolve.go), on which kubectl builds.
 * `undefined` means a number that JSON does not have: infinity, or not a number.
 */
export function resolveScalar(text: string): string | number | boolean | null | undefined {
  const word = WORDS.get(text)
  if (word !== undefined) return word
  if (NOT_A_NUMBER.test(text)) return undefined
  const plain = text.replaceAll('_', '')
  if (text.startsWith('.')) return (FRACTION.test(text) ? finite(plain) : undefined) ?? text
  if (!/^[-+0-9]/.test(text)) return text
  return integer(plain) ?? (FLOAT.test(plain) ? finite(plain) : undefined) ?? text
}

/** Returns an integer of 64 bits. */
function integer(text: string): number | undefined {
  // As go-yaml, for which the sign may follow the prefix.
  const [, sign, hex, octal, binary, decimal] = INTEGER.exec(text.replace(/^0b([-+])/, '$10b')) ?? []
  const digits = hex ? `0x${hex}` : octal ? `0o${octal}` : binary ? `0b${binary}` : decimal
  if (digits === undefined) return undefined
  const limit = sign === '' ? 2n ** 64n : 2n ** 63n + (sign === '-' ? 1n : 0n)
  // The sum with 0 has no negative zero.
  return BigInt(digits) < limit ? (sign === '-' ? -1 : 1) * Number(digits) + 0 : undefined
}

function finite(text: string): number | undefined {
  const number = Number(text)
  return Number.isFinite(number) ? number : undefined
}
