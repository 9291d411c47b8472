/** YAML out. */

import { stringify } from 'yaml'

/** Writes a value as one YAML document; undefined values are left out, and no line is folded. */
export function stringifyYaml(value: object): string {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false })
}
