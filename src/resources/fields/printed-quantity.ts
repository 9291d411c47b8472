/** Amounts as Kubernetes prints them after it read them. */

import { formatQuantity, parseQuantity } from './quantity.ts'

const FORM = /^[+-]?0*([0-9]*)(?:\.([0-9]*))?(?:([numkMGTPE]?)|([KMGTPE]i)|[eE]([+-]?[0-9]+))$/
const DECIMAL = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E']
const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']
/** Kubernetes handles amounts with more digits in another way, and does not keep their text. */
const FAST_DIGITS = 18
const FAST_BINARY_DIGITS = 15
/** Kubernetes rounds up to 10^-9. */
const SMALLEST = -9

/** Returns the canonical form (`1Gi` for `1024Mi`), or the text itself where Kubernetes keeps it; a text that is invalid is returned. */
export function printQuantity(text: string): string {
  const quantity = parseQuantity(text)
  return typeof quantity === 'string' || keepsText(text) ? text : formatQuantity(quantity)
}

/** Returns one text for all amounts of one value; a text that is invalid is returned. */
export function exactQuantity(text: string): string {
  const quantity = parseQuantity(text)
  return typeof quantity === 'string' ? text : `${quantity.nano}n`
}

/** Whether Kubernetes takes a text for canonical, by a quick look: `1.500` too. */
function keepsText(text: string): boolean {
  const [, whole = '', fraction = '', suffix = '', binary, power] = FORM.exec(text) ?? []
  const digits = (whole || '0') + fraction
  if (binary !== undefined) {
    const fits = FAST_BINARY_DIGITS - digits.length - 3 * BINARY.indexOf(binary) - 1 >= 0
    return fits && fraction === '' && Number(digits) % 8 !== 0
  }
  const scale = (power === undefined ? 3 * DECIMAL.indexOf(suffix) + SMALLEST : Number(power)) - fraction.length
  return digits.length <= FAST_DIGITS && scale >= SMALLEST && scale % 3 === 0 && !digits.endsWith('000') && !digits.startsWith('0')
}
