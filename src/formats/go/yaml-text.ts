/** Which text go-yaml 2 reads as text without quotes, and in which order it writes keys. */

const WORD = /^(?:[yYnN~]|yes|Yes|YES|on|On|ON|no|No|NO|off|Off|OFF|true|True|TRUE|false|False|FALSE|null|Null|NULL|\.(?:nan|NaN|NAN)|[-+]?\.(?:inf|Inf|INF))$/
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/
const INTEGER = /^[-+]?0(?:[xX][0-9a-fA-F]+|[bB][01]+|[oO][0-7]+)$/
/** Numbers of YAML 1.1 to the base 60: times. */
const BASE_60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/
const DATE = /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[Tt](\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,]\d+)?(?:Z|[-+]\d\d:\d\d)| (\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,]\d+)?)?$/

/** Whether a text without quotes is read as text: it is not empty, no word for a value, and no number or date. */
export function isYamlText(text: string): boolean {
  if (text === '' || WORD.test(text) || BASE_60.test(text) || isDate(text)) return false
  // An underscore separates digits, but starts no number.
  const digits = text.startsWith('_') || text.startsWith('.') ? text : text.replaceAll('_', '')
  return !INTEGER.test(digits) && !(FLOAT.test(digits) && Number.isFinite(Number(digits)))
}

function isDate(text: string): boolean {
  const [, year, month, day, ...times] = DATE.exec(text) ?? []
  if (year === undefined) return false
  const [hour = 0, minute = 0, second = 0] = times.filter((part) => part !== undefined).map(Number)
  const last = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate()
  return Number(month) >= 1 && Number(month) <= 12 && Number(day) >= 1 && Number(day) <= last && hour < 24 && minute < 60 && second < 60
}

/** Compares keys as go-yaml does: letters after other characters, and numbers in keys by their value. */
export function compareYamlKeys(a: string, b: string): number {
  const [left, right] = [[...a], [...b]]
  const at = left.findIndex((character, index) => character !== right[index])
  const [x, y] = [left[at], right[at]]
  if (at < 0 || x === undefined || y === undefined) return left.length - right.length
  const [isLetter, isOtherLetter] = [/\p{L}/u.test(x), /\p{L}/u.test(y)]
  if (isLetter && isOtherLetter) return compareCodes(x, y)
  if (isLetter || isOtherLetter) return isLetter ? 1 : -1
  const prefix = (x === '0' || y === '0') && /[1-9]\d*$/.test(left.slice(0, at).join('')) ? '1' : ''
  const [number, other] = [left, right].map((key) => /^\d*/.exec(key.slice(at).join(''))?.[0] ?? '') as [string, string]
  return Number(prefix + number) - Number(prefix + other) || number.length - other.length || compareCodes(x, y)
}

function compareCodes(a: string, b: string): number {
  return (a.codePointAt(0) ?? 0) - (b.codePointAt(0) ?? 0)
}
