/** Run image names for a later rebase (lifecycle platform/run_image.go `GetRunImageForExport`). */

import type { RunImageName } from '../../../builder/builder.ts'
import { hasFeature } from '../../../formats/api-features.ts'
import { isSameName } from '../../../images/find/run-image-name.ts'
import type { BuildPlan } from '../../lifecycle.ts'

/**
 * Returns the names in run.toml that include the run image's name, otherwise the first names, which belong to the plan's run image; if
 * an extension switched the run image, the run image's name. Returns undefined if run.toml has no image.
 * @param runImage the name of the app's run image
 */
export function runImageNames(
  plan: Pick<BuildPlan, 'platformApi' | 'runImages' | 'runImage'>,
  runImage: string,
): RunImageName | undefined {
  const [first] = plan.runImages
  // stack.toml, which older APIs read, contains only the first.
  if (first === undefined || !hasFeature(plan.platformApi, 'runToml')) return first
  const found = plan.runImages.find(({ image, mirrors }) => [image, ...mirrors].some((name) => isSameName(name, runImage)))
  return found ?? (runImage === plan.runImage.name ? first : { image: runImage, mirrors: [] })
}
