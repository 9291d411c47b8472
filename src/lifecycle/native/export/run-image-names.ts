/** Under which names a later rebase may find the run image again (lifecycle platform/run_image.go `GetRunImageForExport`). */

import { CnbError } from '../../../base/errors.ts'
import type { RunImageName } from '../../../builder/builder.ts'
import { atLeast } from '../../../formats/versions.ts'
import { formatReference, parseReference } from '../../../oci/reference.ts'
import type { BuildPlan } from '../../lifecycle.ts'

/**
 * The set of names in run.toml that has the run image's, else the first; the run image's own where extensions, which may have
 * switched it, were used. Undefined where run.toml names no image.
 * @param runImage the name of the run image that the app stands on
 */
export function runImageNames(
  plan: Pick<BuildPlan, 'platformApi' | 'runImages'>,
  runImage: string,
  extended: boolean,
): RunImageName | undefined {
  const [first] = plan.runImages
  // stack.toml, which older APIs read, has the first only.
  if (first === undefined || !atLeast(plan.platformApi, '0.12')) return first
  const wanted = withoutDigest(runImage)
  const found = plan.runImages.find(({ image, mirrors }) => [image, ...mirrors].some((name) => withoutDigest(name) === wanted))
  return found ?? (extended ? { image: runImage, mirrors: [] } : first)
}

/** The full name with its tag; what is no reference stays as it is. */
function withoutDigest(name: string): string {
  try {
    return formatReference(parseReference(name.split('@sha256:')[0] ?? ''))
  } catch (error) {
    if (error instanceof CnbError) return name
    throw error
  }
}
