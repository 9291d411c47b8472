/** The error of a failed export. */

import { CnbError } from '../../../base/errors.ts'

/** Returns a CNB_EXPORT_FAILED error, which has the exporter's exit code (platform.md "exporter"). @param problem the cause */
export function exportError(problem: string, options: { hint?: string; cause?: unknown } = {}): CnbError {
  return new CnbError('CNB_EXPORT_FAILED', `cannot export the image: ${problem}`, options)
}
