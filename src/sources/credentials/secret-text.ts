/** Values of Secrets. */

import type { Secret } from '../../resources/kinds/core.ts'

/** Returns the value of a Secret's key as text; undefined if it is absent. */
export function secretText({ data }: Secret, key: string): string | undefined {
  const value = data && Object.hasOwn(data, key) ? data[key] : undefined
  return value === undefined ? undefined : Buffer.from(value, 'base64').toString()
}
