/** JSON out of an image's labels. Anybody can write a label, so that its size and every type in it are checked. */

import { CnbError } from '../../base/errors.ts'
import { MAX_CONFIG_BYTES } from '../../oci/config.ts'

/** What has labels: an Image, or what an engine tells of one. `reference` is the name that errors tell. */
export interface Labelled {
  readonly reference: string
  readonly labels: Readonly<Record<string, string>>
}

/**
 * The JSON in a label; undefined where the image has no such label, or an empty one.
 * @throws CnbError CNB_IMAGE_INVALID naming image and label when it is larger than a configuration may be, or no JSON
 */
export function readJsonLabel(image: Labelled, label: string): LabelValue | undefined {
  const text = labelOf(image, label)
  if (text === '') return undefined
  const where = { image: image.reference, label }
  if (Buffer.byteLength(text) > MAX_CONFIG_BYTES) throw invalid(where, `is larger than ${MAX_CONFIG_BYTES} bytes`)
  try {
    return new LabelValue(JSON.parse(text), '', where)
  } catch (error) {
    throw invalid(where, `is not JSON: ${(error as Error).message}`, error)
  }
}

/** A label's text, empty where there is none. */
export function labelOf(image: Labelled, label: string): string {
  return Object.hasOwn(image.labels, label) ? (image.labels[label] ?? '') : ''
}

interface Where {
  readonly image: string
  readonly label: string
}

function invalid({ image, label }: Where, problem: string, cause?: unknown): CnbError {
  return new CnbError('CNB_IMAGE_INVALID', `label ${label} of image '${image}' ${problem}`, {
    hint: 'Build the image again, or ask whoever made it.',
    cause,
  })
}

/** A value in a label, read with its type checked. What is absent or null reads as empty, as it does in the lifecycle. */
export class LabelValue {
  readonly #value: unknown
  readonly #path: string
  readonly #where: Where

  constructor(value: unknown, path: string, where: Where) {
    this.#value = value
    this.#path = path
    this.#where = where
  }

  get present(): boolean {
    return this.#value !== undefined && this.#value !== null
  }

  /** The value as parsed, of any type. */
  get raw(): unknown {
    return this.#value
  }

  get isList(): boolean {
    return Array.isArray(this.#value)
  }

  string(): string {
    if (!this.present) return ''
    if (typeof this.#value === 'string') return this.#value
    throw this.#wrongType('a string')
  }

  boolean(): boolean {
    if (!this.present) return false
    if (typeof this.#value === 'boolean') return this.#value
    throw this.#wrongType('true or false')
  }

  list(): LabelValue[] {
    if (!this.present) return []
    if (!Array.isArray(this.#value)) throw this.#wrongType('a list')
    return this.#value.map((item, index) => new LabelValue(item, `${this.#path}[${index}]`, this.#where))
  }

  strings(): string[] {
    return this.list().map((item) => item.string())
  }

  /** The members of an object. */
  entries(): [string, LabelValue][] {
    return Object.entries(this.#object()).map(([key, value]) => [key, this.#inside(key, value)])
  }

  member(key: string): LabelValue {
    const object = this.#object()
    return this.#inside(key, Object.hasOwn(object, key) ? object[key] : undefined)
  }

  #object(): Readonly<Record<string, unknown>> {
    if (!this.present) return {}
    if (typeof this.#value === 'object' && !Array.isArray(this.#value)) return this.#value as Record<string, unknown>
    throw this.#wrongType('an object')
  }

  #inside(key: string, value: unknown): LabelValue {
    return new LabelValue(value, this.#path === '' ? key : `${this.#path}.${key}`, this.#where)
  }

  #wrongType(wanted: string): CnbError {
    const is = Array.isArray(this.#value) ? 'a list' : typeof this.#value === 'object' ? 'an object' : `a ${typeof this.#value}`
    const what = this.#path === '' ? '' : `is wrong: '${this.#path}' `
    return invalid(this.#where, `${what}must be ${wanted}, not ${is}`)
  }
}
