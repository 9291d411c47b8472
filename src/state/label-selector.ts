/** Label selectors as kubectl reads them: `a=b,c!=d,e in (x,y),f notin (z),g,!h,i>1,j<2`. */

import { CnbError } from '../base/errors.ts'

type Operator = '=' | '!=' | 'in' | 'notin' | 'exists' | '!' | '>' | '<'

interface Requirement {
  readonly key: string
  readonly operator: Operator
  readonly values: readonly string[]
}

/** All requirements apply. */
export type LabelSelector = readonly Requirement[]

/** The tokens of a selector; a word is a key, a value, `in` or `notin`. */
const TOKEN = /\s*(?:(?<symbol>==|!=|[=!(),<>])|(?<word>[^\s=!(),<>]+))\s*/y
/** More than any command line or document has; bounds the work. */
const MAX_LENGTH = 64 * 1024

const NAME = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/
const PREFIX = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const MAX_NAME = 63
const MAX_PREFIX = 253

/** Parses a selector; an empty one selects everything. @throws CnbError CNB_USAGE */
export function parseLabelSelector(text: string): LabelSelector {
  const reader = new SelectorReader(text)
  const requirements: Requirement[] = []
  if (reader.isAtEnd) return requirements
  do requirements.push(reader.requirement())
  while (reader.takeComma())
  return requirements
}

export function matchesLabels(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  return selector.every(({ key, operator, values }) => {
    const value = Object.hasOwn(labels, key) ? labels[key] : undefined
    switch (operator) {
      case 'exists':
        return value !== undefined
      case '!':
        return value === undefined
      case '=':
      case 'in':
        return value !== undefined && values.includes(value)
      case '!=':
      case 'notin':
        return value === undefined || !values.includes(value)
      default:
        return value !== undefined && isOrdered(operator, value, values[0] ?? '')
    }
  })
}

function isOrdered(operator: '>' | '<', value: string, bound: string): boolean {
  const [left, right] = [integerOf(value), integerOf(bound)]
  return left !== undefined && right !== undefined && (operator === '>' ? left > right : left < right)
}

/** Returns an integer of 64 bits, as Kubernetes reads it. */
function integerOf(text: string): bigint | undefined {
  if (!/^-?\d{1,30}$/.test(text)) return undefined
  const value = BigInt(text)
  return BigInt.asIntN(64, value) === value ? value : undefined
}

class SelectorReader {
  readonly #text: string
  readonly #tokens: readonly { readonly symbol?: string; readonly word?: string }[]
  #at = 0

  constructor(text: string) {
    this.#text = text
    if (text.length > MAX_LENGTH) throw this.#error(`it is longer than ${MAX_LENGTH} characters`)
    const tokens: { symbol?: string; word?: string }[] = []
    for (TOKEN.lastIndex = 0; TOKEN.lastIndex < text.trimEnd().length; ) {
      const found = TOKEN.exec(text)?.groups
      if (!found) throw this.#error('it has an unexpected character')
      tokens.push(found)
    }
    this.#tokens = tokens
  }

  get isAtEnd(): boolean {
    return this.#at === this.#tokens.length
  }

  /** Whether another requirement follows. */
  takeComma(): boolean {
    if (this.isAtEnd) return false
    if (this.#takeSymbol(',')) return true
    throw this.#error(`it has ${this.#shownNext()} where a comma is expected`)
  }

  requirement(): Requirement {
    if (this.#takeSymbol('!')) return { key: this.#key(), operator: '!', values: [] }
    const key = this.#key()
    const symbol = ['==', '=', '!=', '<', '>'].find((operator) => this.#takeSymbol(operator))
    if (symbol === '<' || symbol === '>') return { key, operator: symbol, values: [this.#integer()] }
    if (symbol !== undefined) return { key, operator: symbol === '!=' ? '!=' : '=', values: [this.#value()] }
    const operator = this.#takeWord()
    if (operator === undefined) return { key, operator: 'exists', values: [] }
    if (operator !== 'in' && operator !== 'notin') throw this.#error(`'${operator}' is not an operator`)
    return { key, operator, values: this.#values() }
  }

  #key(): string {
    const key = this.#takeWord()
    if (key === undefined) throw this.#error(`it has ${this.#shownNext()} where a label is expected`)
    const slash = key.indexOf('/')
    const [prefix, name] = slash < 0 ? [undefined, key] : [key.slice(0, slash), key.slice(slash + 1)]
    const isValid = NAME.test(name) && name.length <= MAX_NAME && (prefix === undefined || (PREFIX.test(prefix) && prefix.length <= MAX_PREFIX))
    if (!isValid) throw this.#error(`'${key}' is not the name of a label`)
    return key
  }

  /** A value may be empty: `a=`, `a in (,b)`. */
  #value(): string {
    const value = this.#takeWord() ?? ''
    if (value !== '' && !(NAME.test(value) && value.length <= MAX_NAME)) throw this.#error(`'${value}' is not the value of a label`)
    return value
  }

  #integer(): string {
    const value = this.#value()
    if (integerOf(value) === undefined) throw this.#error(`'${value}' is not an integer`)
    return value
  }

  #values(): string[] {
    if (!this.#takeSymbol('(')) throw this.#error(`it has ${this.#shownNext()} where ( is expected`)
    const values = [this.#value()]
    while (this.#takeSymbol(',')) values.push(this.#value())
    if (!this.#takeSymbol(')')) throw this.#error(`it has ${this.#shownNext()} where ) is expected`)
    return values
  }

  #takeSymbol(symbol: string): boolean {
    const found = this.#tokens[this.#at]?.symbol === symbol
    if (found) this.#at++
    return found
  }

  #takeWord(): string | undefined {
    const { word } = this.#tokens[this.#at] ?? {}
    if (word !== undefined) this.#at++
    return word
  }

  #shownNext(): string {
    const { symbol, word } = this.#tokens[this.#at] ?? {}
    return symbol === undefined && word === undefined ? 'its end' : `'${symbol ?? word}'`
  }

  #error(cause: string): CnbError {
    const shown = this.#text.length > 100 ? `${this.#text.slice(0, 100)}…` : this.#text
    return new CnbError('CNB_USAGE', `cannot read the label selector ${JSON.stringify(shown)}: ${cause}`, { hint: 'Write it as for kubectl: app=web,tier!=test.' })
  }
}
