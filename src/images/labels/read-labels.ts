/** Reads an image's labels. Labels are untrusted: their size and all types in their JSON are checked. */

import { CnbError } from '../../base/errors.ts'
import { FieldReader } from '../../formats/field-reader.ts'
import { MAX_CONFIG_BYTES } from '../../oci/config.ts'

/** An Image, or an engine's description of one. `reference` is the name for errors. */
export interface Labelled {
  readonly reference: string
  readonly labels: Readonly<Record<string, string>>
}

/** Hints by error code. */
const HINTS = {
  CNB_IMAGE_INVALID: 'Build the image again, or report the error to its author.',
  CNB_BUILDER_INVALID: 'Use another builder, or create this builder again.',
  CNB_BUILDPACK_INVALID: 'Package the buildpack again, or report the error to its author.',
}

/** Returns a label's text; empty if the image does not have it. */
export function labelOf(image: Labelled, label: string): string {
  return Object.hasOwn(image.labels, label) ? (image.labels[label] ?? '') : ''
}

/**
 * Returns a reader for the JSON of labels, with a field for each label. An absent, empty or null label is an absent field.
 * @param code the errors' code: CNB_BUILDER_INVALID for a builder image
 * @throws CnbError of that code, here and from the reader's methods, with the image, the label and the position in it: for a label
 * that is larger than a configuration may be, is not JSON, or has a value of another type than expected
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
