/** Labels on the command line. */

import { CnbError } from '../base/errors.ts'

/** Parses a value of `--label`: `key=value`. @throws CnbError CNB_USAGE */
export function parseLabel(text: string): [string, string] {
  const equals = text.indexOf('=')
  if (equals > 0) return [text.slice(0, equals), text.slice(equals + 1)]
  throw new CnbError('CNB_USAGE', `invalid --label '${text}': expected key=value`, { hint: 'Write --label key=value.' })
}
