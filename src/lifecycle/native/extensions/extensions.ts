/** What detection left for image extensions to do (platform.md "detector" outputs; lifecycle phase/generator.go). */

import { readTar } from '../../../archive/tar/tar-reader.ts'
import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import type { Container } from '../../../docker/engine.ts'
import { readTomlFields } from '../../../formats/field-reader.ts'
import { hasFeature } from '../../../formats/api-features.ts'
import { type ApiVersion, formatApiVersion } from '../../../formats/versions.ts'
import { parseReference } from '../../../oci/reference.ts'
import type { BuildPlan } from '../../lifecycle.ts'
import { LAYERS_DIR } from '../../phase.ts'
import type { Group } from '../model.ts'

export interface Extensions {
  /** The run image that an extension wants in place of the plan's; its name as the Dockerfile has it. */
  readonly switchedRunImage?: string
  /** Whether the extender takes the builder's place. */
  readonly extendBuild: boolean
  /** Whether the extender adds to the run image. */
  readonly extendRun: boolean
}

const GENERATED = `${LAYERS_DIR}/generated`

/** The places of build.Dockerfiles, from Platform API 0.13 on and before. */
const NEW_PLACE = /^generated\/[^/]+\/build\.Dockerfile$/
const OLD_PLACE = /^generated\/build\/[^/]+\/Dockerfile$/

/**
 * Reads what the detector wrote. Undefined where no extension has anything to do, at no cost where none is in the group.
 * @param analyzed analyzed.toml after detection
 * @param container one that has `/layers`
 * @throws CnbError CNB_DETECT_FAILED for an analyzed.toml that the detector cannot have written
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

/** The specification lets an extension only switch the run image then, and the stock lifecycle says nothing of it. */
function warnOfOldApi(api: ApiVersion, { events }: Context): void {
  const message = `an image extension adds to the run image, which Platform API ${formatApiVersion(api)} cannot do: the app gets it as it is`
  events?.({ type: 'warning', message })
}

function readRunImage(analyzed: string): { name: string; extend: boolean } {
  try {
    const runImage = readTomlFields(analyzed, 'analyzed.toml').table('run-image')
    return { name: runImage?.string('image') ?? '', extend: runImage?.boolean('extend') ?? false }
  } catch (error) {
    throw new CnbError('CNB_DETECT_FAILED', `what detection wrote cannot be read: ${(error as Error).message}`, { cause: error })
  }
}

/** An extension may write any text after FROM. */
function checkedName(name: string): string {
  try {
    parseReference(name)
    return name
  } catch (error) {
    const message = `an extension switches the run image to '${name}', which is no image name: ${(error as Error).message}`
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
