/** Checks whether a run image fits the build image (platform.md "Run Image"). */

import { CnbError } from '../base/errors.ts'
import type { Image } from '../images/image.ts'
import { readStackId, readImageTarget } from '../images/labels/label-names.ts'
import { formatPlatform, platformMatches } from '../oci/platform.ts'

/**
 * Compares platform, stack and distribution. Different distributions are only a warning.
 * @param stackId the stack of builder.toml; empty if it has none
 * @returns warnings
 * @throws CnbError CNB_PLATFORM_MISMATCH, CNB_RUN_IMAGE_INVALID
 */
export function checkRunImage(runImage: Image, buildImage: Image, stackId: string): string[] {
  if (!platformMatches(runImage.platform, buildImage.platform)) {
    const [own, other] = [runImage, buildImage].map(({ reference, platform }) => `'${reference}' is for ${formatPlatform(platform)}`)
    throw new CnbError('CNB_PLATFORM_MISMATCH', `the run image ${own}, but the build image ${other}`, {
      hint: 'Use a run image and a build image for the same platform.',
    })
  }
  const own = readStackId(runImage)
  if (stackId !== '' && own !== stackId) {
    const message = `the run image '${runImage.reference}' has stack '${own}', but builder.toml has stack '${stackId}'`
    throw new CnbError('CNB_RUN_IMAGE_INVALID', message, {
      hint: 'Use a run image with that stack, or remove [stack].',
    })
  }
  const [run, build] = [readImageTarget(runImage), readImageTarget(buildImage)]
  const differs = (a: string | undefined, b: string | undefined): boolean => a !== undefined && b !== undefined && a !== b
  if (!differs(run.distroName, build.distroName) && !differs(run.distroVersion, build.distroVersion)) return []
  const [onto, from] = [run, build].map(({ distroName, distroVersion }) => [distroName, distroVersion].filter(Boolean).join(' '))
  return [`the run image '${runImage.reference}' is ${onto}, the build image is ${from}: built apps may not run`]
}
