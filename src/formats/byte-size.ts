/** Sizes as docker writes them: `512m`, `1.5g`. */

const UNITS: Readonly<Record<string, number>> = { b: 0, k: 1, m: 2, g: 3, t: 4 }

/** Parses a number with an optional unit (`b`, `k`, `m`, `g`, `t`, of 1024, also as `mb` or `MiB`). Returns undefined for other text. */
export function parseByteSize(text: string): number | undefined {
  const [, number, unit = 'b'] = /^(\d+(?:\.\d+)?)([bkmgt])?(?:i?b)?$/i.exec(text) ?? []
  const bytes = Math.floor(Number(number) * 1024 ** (UNITS[unit.toLowerCase()] ?? 0))
  return Number.isSafeInteger(bytes) ? bytes : undefined
}
