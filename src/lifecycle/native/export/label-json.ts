import { encodeGoValue } from '../../../formats/go/json.ts'
import { exportError } from './export-error.ts'

/**
 * A buildpack's own data (a TOML value by parseTomlData, or JSON by parseExactJson) as JSON for a label; absent is `null`. One byte
 * other than the lifecycle's would be another image.
 * @param what names the value in the error
 * @throws CnbError CNB_EXPORT_FAILED for what no JSON can hold: `inf`, `nan`, a nesting without end
 */
export function labelJson(value: unknown, what: string): string {
  try {
    return encodeGoValue(value)
  } catch (error) {
    throw exportError(`${what} cannot be written into a label: ${(error as Error).message}`)
  }
}
