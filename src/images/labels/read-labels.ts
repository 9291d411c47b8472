/** Reading an image's labels. Anybody can write a label, so that its size and every type in its JSON are checked. */

import { CnbError } from '../../base/errors.ts'
import { FieldReader } from '../../formats/field-reader.ts'
import { MAX_CONFIG_BYTES } from '../../oci/config.ts'

/** What has labels: an Image, or what an engine tells of one. `reference` is the name that errors tell. */
export interface Labelled {
  readonly reference: string
  readonly labels: Readonly<Record<string, string>>
}

/** By the error's code: what the user can do. */
const HINTS = {
  CNB_IMAGE_INVALID: 'Build the image again, or ask whoever made it.',
  CNB_BUILDER_INVALID: 'Use another builder, or create this builder again.',
}

/** A label's text, empty where there is none. */
export function labelOf(image: Labelled, label: string): string {
  return Object.hasOwn(image.labels, label) ? (image.labels[label] ?? '') : ''
}

/**
 * The JSON of some labels: a reader with a field for each label. A label that is absent, empty or null is no field.
 * @param code the errors' code: CNB_BUILDER_INVALID for the image of a builder
 * @throws CnbError of that code, here and from the reader's methods, that names the image, and the label and the place in it: for
 * a label that is larger than a configuration may be, is not JSON, or has a value of another type than the one that is read
 */
export function readLabels(image: Labelled, labels: readonly string[], code: keyof typeof HINTS = 'CNB_IMAGE_INVALID'): FieldReader {
  const invalid = (problem: string, cause?: unknown): CnbError =>
    new CnbError(code, `cannot read a label of image '${image.reference}': ${problem}`, { hint: HINTS[code], cause })
  const parse = (label: string): unknown => {
    const text = labelOf(image, label)
    if (text === '') return undefined
    if (Buffer.byteLength(text) > MAX_CONFIG_BYTES) throw invalid(`'${label}' is larger than ${MAX_CONFIG_BYTES} bytes`)
    try {
      return JSON.parse(text)
    } catch (error) {
      throw invalid(`'${label}' is not JSON: ${(error as Error).message}`, error)
    }
  }
  const fields = Object.fromEntries(labels.map((label) => [label, parse(label)]))
  return new FieldReader(fields, [], (_path, message) => invalid(message))
}
