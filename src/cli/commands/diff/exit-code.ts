/** Exit codes of diff(1), and of `git diff --exit-code` for differences. */

import { CnbError } from '../../../base/errors.ts'

export const DIFFERENT = 1
const TROUBLE = 2

/** With --exit-code, 1 means that the two differ, and nothing else. */
export function distinctExit(error: unknown): unknown {
  if (!(error instanceof CnbError) || error.exit !== DIFFERENT) return error
  const { code, message, hint } = error
  return new CnbError(code, message, { hint, exit: TROUBLE, cause: error })
}
