import { CnbError } from '../../../base/errors.ts'

/** Returns the error for options that do not fit; the texts are kp's. */
export function usage(message: string, hint: string): CnbError {
  return new CnbError('CNB_USAGE', message, { hint })
}
