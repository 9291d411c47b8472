import { encodeGoValue } from '../../../formats/go/json.ts'
import { exportError } from './export-error.ts'

/**
 * Encodes a buildpack's data (a TOML value of parseTomlData, or JSON of parseExactJson) as JSON for a label, byte for byte as the
 * lifecycle does, to create the same image. An absent value is `null`.
 * @param what the value's name in the error
 * @throws CnbError CNB_EXPORT_FAILED for values that JSON lacks: `inf`, `nan`, excessive nesting
 */
export function labelJson(value: unknown, what: string): string {
  try {
    return encodeGoValue(value)
  } catch (error) {
    throw exportError(`cannot write ${what} into a label: ${(error as Error).message}`)
  }
}
