/** How an export fails: always with the export phase's own exit code (platform.md "exporter": 62). */

import { CnbError } from '../../../base/errors.ts'

/** @param problem what is wrong, naming the layer, file or process */
export function exportError(problem: string, options: { hint?: string; cause?: unknown } = {}): CnbError {
  return new CnbError('CNB_EXPORT_FAILED', `exporting the image failed: ${problem}`, options)
}
