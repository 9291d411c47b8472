/** Amounts as Kubernetes writes them (resource.Quantity): `2G`, `1.5Gi`, `500m`, `1e3`. */

/** An amount in billionths, and the family of its suffix. */
export interface Quantity {
  readonly nano: bigint
  readonly format: 'decimal' | 'binary' | 'exponent'
}

const SUFFIXES = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E']
const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']
const NANO = 1_000_000_000n
const MAX_BINARY = ((1n << 63n) - 1n) * NANO
const FORM = /^([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*(?:[-+]?[0-9]*))$/
/** Kubernetes has no such bound; it keeps a hostile amount from taking all memory. */
const MAX_LENGTH = 64

/** The texts of Go's errors. */
const FORMAT_FAULT = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
const SUFFIX_FAULT = "unable to parse quantity's suffix"

/** Parses an amount; returns the text of Go's error if it is invalid. */
export function parseQuantity(text: string): Quantity | string {
  const [, sign, whole = '', fraction = '', suffix = ''] = (text.length <= MAX_LENGTH && FORM.exec(text)) || []
  if (sign === undefined || text === '') return FORMAT_FAULT
  const scale = scaleOf(suffix)
  if (!scale) return SUFFIX_FAULT
  // As in Go, no digits are zero.
  const digits = BigInt(whole + fraction || '0')
  const { numerator, denominator } = scale
  const divisor = denominator * 10n ** BigInt(fraction.length)
  // Kubernetes rounds smaller parts than billionths away from zero.
  const nano = (digits * numerator * NANO + divisor - 1n) / divisor
  const capped = scale.format === 'binary' && nano > MAX_BINARY ? MAX_BINARY : nano
  const format = scale.format === 'binary' && capped > 0n && capped < NANO ? 'decimal' : scale.format
  return { nano: sign === '-' ? -capped : capped, format }
}

interface Scale {
  numerator: bigint
  denominator: bigint
  format: Quantity['format']
}

function scaleOf(suffix: string): Scale | undefined {
  const decimal = SUFFIXES.indexOf(suffix)
  if (decimal >= 0) return { ...powerOfTen(3 * decimal - 9), format: 'decimal' }
  const binary = BINARY.indexOf(suffix)
  if (binary > 0) return { numerator: 1024n ** BigInt(binary), denominator: 1n, format: 'binary' }
  const [, exponent] = /^[eE]([-+]?[0-9]{1,3})$/.exec(suffix) ?? []
  return exponent === undefined ? undefined : { ...powerOfTen(Number(exponent)), format: 'exponent' }
}

function powerOfTen(exponent: number): { numerator: bigint; denominator: bigint } {
  return exponent < 0 ? { numerator: 1n, denominator: 10n ** BigInt(-exponent) } : { numerator: 10n ** BigInt(exponent), denominator: 1n }
}

/** Returns the canonical text: the largest suffix without a fraction. */
export function formatQuantity({ nano, format }: Quantity): string {
  if (nano === 0n) return '0'
  const sign = nano < 0n ? '-' : ''
  const size = nano < 0n ? -nano : nano
  if (format === 'binary' && size >= 1024n * NANO && size % NANO === 0n) {
    const power = steps(size / NANO, 1024n, BINARY.length - 1)
    return `${sign}${size / NANO / 1024n ** BigInt(power)}${BINARY[power]}`
  }
  const power = steps(size, 1000n, SUFFIXES.length - 1)
  const number = size / 1000n ** BigInt(power)
  if (format !== 'exponent') return `${sign}${number}${SUFFIXES[power]}`
  return `${sign}${number}${power === 3 ? '' : `e${3 * power - 9}`}`
}

/** Returns how often `base` divides `size`, at most `limit` times. */
function steps(size: bigint, base: bigint, limit: number): number {
  let count = 0
  for (let rest = size; count < limit && rest % base === 0n; rest /= base) count++
  return count
}

/** Whether two amounts are the same, as `1Gi` and `1024Mi`; invalid amounts are compared as texts. */
export function isSameQuantity(a: string, b: string): boolean {
  const [x, y] = [parseQuantity(a), parseQuantity(b)]
  return typeof x === 'string' || typeof y === 'string' ? a === b : x.nano === y.nano
}

/** Returns an amount of memory in bytes, rounded up; undefined if invalid. */
export function quantityBytes(text: string): number | undefined {
  const quantity = parseQuantity(text)
  return typeof quantity === 'string' ? undefined : Number((quantity.nano + NANO - 1n) / NANO)
}

/** Returns an amount of processors in billionths, as engines take it; undefined if invalid. */
export function quantityNanoCpus(text: string): number | undefined {
  const quantity = parseQuantity(text)
  return typeof quantity === 'string' ? undefined : Number(quantity.nano)
}
