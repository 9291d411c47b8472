/** Reads the detector's output for extensions (platform.md "detector"; lifecycle phase/generator.go). */

import { readTar } from '../../../archive/tar/tar-reader.ts'
import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import type { Container } from '../../../docker/engine.ts'
import { readTomlFields } from '../../../formats/toml-fields.ts'
import { hasFeature } from '../../../formats/api-features.ts'
import { type ApiVersion, formatApiVersion } from '../../../formats/versions.ts'
import { parseReference } from '../../../oci/reference.ts'
import type { BuildPlan } from '../../lifecycle.ts'
import { LAYERS_DIR } from '../../phase.ts'
import type { Group } from '../model.ts'

export interface Extensions {
  /** The run image with which an extension replaces the plan's; the name as in the Dockerfile. */
  readonly switchedRunImage?: string
  /** Whether the extender replaces the builder. */
  readonly extendBuild: boolean
  /** Whether the extender extends the run image. */
  readonly extendRun: boolean
}

const GENERATED = `${LAYERS_DIR}/generated`

/** The paths of build.Dockerfiles: from Platform API 0.13, and before it. */
const NEW_PLACE = /^generated\/[^/]+\/build\.Dockerfile$/
const OLD_PLACE = /^generated\/build\/[^/]+\/Dockerfile$/

/**
 * Returns the work of the group's extensions; undefined if they have nothing to do. Without extensions in the group it does not
 * access the container.
 * @param analyzed the content of analyzed.toml after detection
 * @param container a container with `/layers`
 * @throws CnbError CNB_DETECT_FAILED if analyzed.toml is malformed, CNB_RUN_IMAGE_INVALID if an extension switches to an invalid name
 */
export async function readExtensions(
  container: Pick<Container, 'getArchive'>,
  plan: Pick<BuildPlan, 'platformApi' | 'runImage'>,
  group: Group,
  analyzed: string,
  context: Context,
): Promise<Extensions | undefined> {
  if (group.extensions.length === 0) return undefined
  const { name, extend } = readRunImage(analyzed)
  const switched = name !== '' && name !== plan.runImage.name ? name : undefined
  const extendBuild = await hasBuildDockerfile(container, hasFeature(plan.platformApi, 'generatedByExtension') ? NEW_PLACE : OLD_PLACE, context)
  const extendRun = extend && hasFeature(plan.platformApi, 'runImageExtension')
  if (extend && !extendRun) warnOfOldApi(plan.platformApi, context)
  if (switched === undefined && !extendBuild && !extendRun) return undefined
  return { switchedRunImage: switched === undefined ? undefined : checkedName(switched), extendBuild, extendRun }
}

/** With these APIs an extension can only switch the run image; the stock lifecycle ignores its other instructions silently. */
function warnOfOldApi(api: ApiVersion, { events }: Context): void {
  const message = `an image extension extends the run image, which Platform API ${formatApiVersion(api)} does not support: the app uses the unchanged run image`
  events?.({ type: 'warning', message })
}

export function readRunImage(analyzed: string): { name: string; extend: boolean } {
  try {
    const runImage = readTomlFields(analyzed, 'analyzed.toml').table('run-image')
    return { name: runImage?.string('image') ?? '', extend: runImage?.boolean('extend') ?? false }
  } catch (error) {
    throw new CnbError('CNB_DETECT_FAILED', `cannot read the output of detection: ${(error as Error).message}`, { cause: error })
  }
}

/** Checks the name, because an extension can write any text after FROM. */
function checkedName(name: string): string {
  try {
    parseReference(name)
    return name
  } catch (error) {
    const message = `an extension switches the run image to '${name}', which is not an image name: ${(error as Error).message}`
    throw new CnbError('CNB_RUN_IMAGE_INVALID', message, { cause: error, hint: "Correct the FROM in the extension's run.Dockerfile." })
  }
}

async function hasBuildDockerfile(container: Pick<Container, 'getArchive'>, place: RegExp, context: Context): Promise<boolean> {
  const archive = await container.getArchive(GENERATED, context)
  if (!archive) return false
  let found = false
  for await (const { name } of readTar(archive, { source: GENERATED, signal: context.signal })) {
    found = place.test(name.toString())
    if (found) break
  }
  return found
}
