/** Platforms on the command line. */

import { CnbError } from '../base/errors.ts'
import type { Platform } from '../oci/platform.ts'

const PLATFORM = /^[a-z0-9]+\/[a-z0-9_]+(\/[a-z0-9.]+)?$/

/**
 * Parses a `--platform` value: `os/arch[/variant]`.
 * @throws CnbError CNB_USAGE
 */
export function parsePlatform(text: string): Platform {
  if (!PLATFORM.test(text)) {
    throw new CnbError('CNB_USAGE', `invalid --platform '${text}': expected a platform`, { hint: "Use 'os/architecture[/variant]', such as 'linux/arm64'." })
  }
  const [os = '', architecture = '', variant] = text.split('/')
  return { os, architecture, ...(variant ? { variant } : {}) }
}
