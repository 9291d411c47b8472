/** Under which names a later rebase may find the run image again (lifecycle platform/run_image.go `GetRunImageForExport`). */

import type { RunImageName } from '../../../builder/builder.ts'
import { hasFeature } from '../../../formats/api-features.ts'
import { isSameName } from '../../../images/find/run-image-name.ts'
import type { BuildPlan } from '../../lifecycle.ts'

/**
 * The set of names in run.toml that has the run image's, else the first, which is that of the plan's run image; the run image's own
 * where an extension switched to it. Undefined where run.toml names no image.
 * @param runImage the name of the run image that the app stands on
 */
export function runImageNames(
  plan: Pick<BuildPlan, 'platformApi' | 'runImages' | 'runImage'>,
  runImage: string,
): RunImageName | undefined {
  const [first] = plan.runImages
  // stack.toml, which older APIs read, has the first only.
  if (first === undefined || !hasFeature(plan.platformApi, 'runToml')) return first
  const found = plan.runImages.find(({ image, mirrors }) => [image, ...mirrors].some((name) => isSameName(name, runImage)))
  return found ?? (runImage === plan.runImage.name ? first : { image: runImage, mirrors: [] })
}
