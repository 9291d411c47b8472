/** YAML out. */

import { Document, visit } from 'yaml'

/** What plain and block style write as it is: line ends, other controls, and what a CI runner may take for a command. */
const NEEDS_QUOTES = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]|::|##/

/**
 * Writes a value as one YAML document; undefined values are left out. No string takes more than one line, and one with controls,
 * `::` or `##` is a JSON string, as a key too, so that the text of others never begins a line.
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
