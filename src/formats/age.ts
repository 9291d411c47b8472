/** Ages as users write them: `30d`, `12h`. */

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }

/** Parses a number with a unit (`s`, `m`, `h`, `d` or `w`) to milliseconds. Returns undefined for other text. */
export function parseAge(text: string): number | undefined {
  const [, number, unit = ''] = /^(\d{1,9}(?:\.\d{1,9})?)([smhdw])$/.exec(text) ?? []
  return number === undefined ? undefined : Number(number) * (SECONDS[unit] ?? 0) * 1000
}
