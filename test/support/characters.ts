/** Characters for property tests. */

import fc from 'fast-check'

const SURROGATES = { first: 0xd800, count: 0x800 }

/** Any Unicode character, like fast-check's unit `binary`, which first builds a table of all of them (a second in each process). */
export const anyCharacter = fc
  .nat(0x10_ffff - SURROGATES.count)
  .map((number) => String.fromCodePoint(number < SURROGATES.first ? number : number + SURROGATES.count))
