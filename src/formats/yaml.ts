/** Writes YAML. */

import { Document, visit } from 'yaml'

/** Text that plain and block style do not escape: line ends, control characters, and CI runner commands. */
const NEEDS_QUOTES = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]|::|##/

/**
 * Writes a value as one YAML document; undefined values are omitted. Each string takes one line, and a string or key with control
 * characters, `::` or `##` is written as a JSON string: external text never starts a line.
 */
export function stringifyYaml(value: object): string {
  const document = new Document(value, { aliasDuplicateObjects: false })
  visit(document, {
    Scalar(_, scalar) {
      if (typeof scalar.value === 'string' && NEEDS_QUOTES.test(scalar.value)) scalar.type = 'QUOTE_DOUBLE'
    },
  })
  return document.toString({ lineWidth: 0, doubleQuotedAsJSON: true })
}
