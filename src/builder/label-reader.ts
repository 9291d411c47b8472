/** Labels of an image that somebody else made: JSON of unknown size and shape, read with care. */

import { CnbError } from '../base/errors.ts'
import { FieldReader, isTable } from '../formats/field-reader.ts'
import type { Image } from '../images/image.ts'
import { labelOf } from '../images/labels/label-value.ts'

/** Real builders stay below 200 KB; this much JSON is still read within a tenth of a second. */
const MAX_LABELS = 8 * 1024 * 1024

const HINT = 'Choose another builder, or make this one again.'

/** The error for an image that cannot be a builder, or the base of one. */
export function builderError(image: Image, message: string, hint = HINT, cause?: unknown): CnbError {
  return new CnbError('CNB_BUILDER_INVALID', `image '${image.reference}': ${message}`, { hint, cause })
}

/** @throws CnbError CNB_BUILDER_INVALID when the labels together are too large to be a builder's */
export function checkLabelSizes(image: Image): void {
  const size = Object.entries(image.labels).reduce((sum, [name, value]) => sum + name.length + value.length, 0)
  if (size > MAX_LABELS) throw builderError(image, `its labels have ${size} characters, more than the ${MAX_LABELS} that are read`)
}

/**
 * A label's JSON under the one field `value`, so that its root can be any type. Undefined when the label is not there.
 * @throws CnbError CNB_BUILDER_INVALID, here and from the reader's methods, with the label's name
 */
export function readLabel(image: Image, label: string): FieldReader | undefined {
  const text = labelOf(image, label)
  if (text === '') return undefined
  return new FieldReader({ value: parse(image, label, text) }, [], (_, message) => builderError(image, `label ${label}: ${message}`))
}

/** A label whose root is an object. */
export function readObjectLabel(image: Image, label: string): FieldReader | undefined {
  const text = labelOf(image, label)
  if (text === '') return undefined
  const value = parse(image, label, text)
  if (value === null) return undefined
  if (!isTable(value)) throw builderError(image, `label ${label}: it is not a JSON object`)
  return new FieldReader(value, [], (_, message) => builderError(image, `label ${label}: ${message}`))
}

function parse(image: Image, label: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw builderError(image, `label ${label} is not JSON: ${(cause as Error).message}`, HINT, cause)
  }
}
