/** Ages as kubectl prints them. */

const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const YEAR = 365 * DAY

/** The units by the duration from which they apply, in seconds; `and` is the smaller unit that is also printed. */
const UNITS: readonly { readonly from: number; readonly seconds: number; readonly letter: string; readonly and?: { readonly seconds: number; readonly letter: string } }[] = [
  { from: 8 * YEAR, seconds: YEAR, letter: 'y' },
  { from: 2 * YEAR, seconds: YEAR, letter: 'y', and: { seconds: DAY, letter: 'd' } },
  { from: 8 * DAY, seconds: DAY, letter: 'd' },
  { from: 2 * DAY, seconds: DAY, letter: 'd', and: { seconds: HOUR, letter: 'h' } },
  { from: 8 * HOUR, seconds: HOUR, letter: 'h' },
  { from: 3 * HOUR, seconds: HOUR, letter: 'h', and: { seconds: MINUTE, letter: 'm' } },
  { from: 10 * MINUTE, seconds: MINUTE, letter: 'm' },
  { from: 2 * MINUTE, seconds: MINUTE, letter: 'm', and: { seconds: 1, letter: 's' } },
]

/** Formats seconds: `45s`, `2m5s`, `10m`, `3h20m`, `8h`, `2d3h`, `8d`, `2y40d`, `8y`. */
export function formatAge(seconds: number): string {
  const whole = Math.trunc(seconds)
  if (whole < -1) return '<invalid>'
  const unit = UNITS.find(({ from }) => whole >= from)
  if (!unit) return `${Math.max(0, whole)}s`
  const text = `${Math.floor(whole / unit.seconds)}${unit.letter}`
  const rest = unit.and ? Math.floor((whole % unit.seconds) / unit.and.seconds) : 0
  return rest === 0 || !unit.and ? text : `${text}${rest}${unit.and.letter}`
}

/** Formats the time since an RFC 3339 timestamp. @param now milliseconds since 1970 */
export function ageSince(timestamp: string | undefined, now: number): string {
  const created = Date.parse(timestamp ?? '')
  return Number.isNaN(created) ? '<unknown>' : formatAge((now - created) / 1000)
}
