import { encodeGoValue } from '../../../formats/go/json.ts'
import { exportError } from './export-error.ts'

/**
 * Encodes a buildpack's data as JSON for a label, byte for byte like the lifecycle.
 * The data is a TOML value of parseTomlData, or JSON of parseExactJson; an absent value is `null`.
 * @param what name of the value in the error
 * @throws CnbError CNB_EXPORT_FAILED for values that JSON lacks: `inf`, `nan`, excessive nesting
 */
export function labelJson(value: unknown, what: string): string {
  try {
    return encodeGoValue(value)
  } catch (error) {
    throw exportError(`cannot write ${what} into a label: ${(error as Error).message}`)
  }
}
