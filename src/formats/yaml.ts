/** Writes YAML. */

import { Document, visit } from 'yaml'
import { resolveScalar } from './yaml/scalar.ts'

/** Text that plain and block style do not escape: line ends, control characters, and CI runner commands. */
const NEEDS_QUOTES = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]|::|##/

/**
 * Writes a value as one YAML document; undefined values are omitted. Each string takes one line, and a string or key with control
 * characters, `::` or `##` is written as a JSON string: external text never starts a line. So is text that kubectl, which reads an
 * older YAML, takes for something else: `on`, `010`, `<<`.
 */
export function stringifyYaml(value: object): string {
  const document = new Document(value, { aliasDuplicateObjects: false })
  visit(document, {
    Scalar(_, scalar) {
      const { value } = scalar
      if (typeof value === 'string' && (NEEDS_QUOTES.test(value) || value === '<<' || resolveScalar(value) !== value)) scalar.type = 'QUOTE_DOUBLE'
    },
  })
  return document.toString({ lineWidth: 0, doubleQuotedAsJSON: true })
}
