/** Resolves a ClusterStack (kpack's pkg/cnb/remote_stack_reader.go). */

import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import { readStackId, STACK_ID_LABEL, STACK_MIXINS_LABEL } from '../../../images/labels/label-names.ts'
import { readLabels } from '../../../images/labels/read-labels.ts'
import type { StoredImage } from '../../../images/stored-image.ts'
import type { ClusterStackSpec, ClusterStackStatus } from '../../../resources/kinds/bases.ts'
import { findResourceImage, latestImage, type ResourceServices } from './resource-images.ts'

const MAX_ID = 2 ** 31 - 1

/**
 * Resolves a stack. Messages about its images are kpack's.
 * @throws CnbError CNB_IMAGE_INVALID, and those of findResourceImage
 */
export async function resolveStack(spec: ClusterStackSpec, services: ResourceServices, context: Context): Promise<ClusterStackStatus> {
  const [build, run] = await Promise.all([spec.buildImage, spec.runImage].map(({ image }) => findResourceImage(image, services, context))) as [StoredImage, StoredImage]
  const [buildId, runId] = [build, run].map(requiredStackId)
  if (buildId !== spec.id || runId !== spec.id) {
    throw invalid(`invalid stack images. expected stack: ${spec.id}, build image stack: ${buildId}, run image stack: ${runId}`, 'Correct spec.id, or use images of that stack.')
  }
  const [userId, groupId] = [readId(build, 'CNB_USER_ID'), readId(build, 'CNB_GROUP_ID')]
  const mixins = mixinsOf(...([build, run].map((image) => readLabels(image, [STACK_MIXINS_LABEL]).strings(STACK_MIXINS_LABEL)) as [string[], string[]]))
  return {
    id: spec.id,
    buildImage: { latestImage: latestImage(build), image: spec.buildImage.image },
    runImage: { latestImage: latestImage(run), image: spec.runImage.image },
    ...(mixins.length > 0 ? { mixins } : {}),
    // Go omits zeros.
    ...(userId === 0 ? {} : { userId }),
    ...(groupId === 0 ? {} : { groupId }),
  }
}

function requiredStackId(image: StoredImage): string {
  if (Object.hasOwn(image.labels, STACK_ID_LABEL)) return readStackId(image)
  throw invalid(`could not find label ${STACK_ID_LABEL}`, `Use an image of a stack instead of '${image.reference}'.`)
}

function readId({ config, reference }: StoredImage, name: string): number {
  const found = (config.config.Env ?? []).map((entry) => entry.split('=')).find(([key]) => key === name)
  const why = (text: string): CnbError => invalid(`validating build image: ${text}`, `Use a build image instead of '${reference}'.`)
  if (!found) throw why(`ENV ${name} not found`)
  const [, value = ''] = found
  const id = /^[+-]?\d+$/.test(value) ? Number(value) : NaN
  if (Number.isNaN(id)) throw why(`env ${name}: strconv.Atoi: parsing ${JSON.stringify(value)}: invalid syntax`)
  if (id < 0 || id > MAX_ID) throw why(`env ${name}: ${value} is not a number from 0 to ${MAX_ID}`)
  return id
}

function mixinsOf(build: readonly string[], run: readonly string[]): string[] {
  const [forBuild, forRun] = [classify(build, 'build:', 'run:'), classify(run, 'run:', 'build:')]
  const hint = 'Use images of the same version of the stack.'
  if (forBuild.wrong.length > 0) throw invalid(`build image contains run-only mixin(s): ${forBuild.wrong.join(', ')}`, hint)
  if (forRun.wrong.length > 0) throw invalid(`run image contains build-only mixin(s): ${forRun.wrong.join(', ')}`, hint)
  const missing = forBuild.common.filter((mixin) => !forRun.common.includes(mixin))
  if (missing.length > 0) throw invalid(`runImage missing required mixin(s): ${missing.join(', ')}`, hint)
  return [...forBuild.common, ...forBuild.own, ...forRun.own]
}

/** Sorts mixins by their prefix: of the image's own stage, of the other, and of both. */
function classify(mixins: readonly string[], own: string, other: string): { own: string[]; wrong: string[]; common: string[] } {
  return {
    own: mixins.filter((mixin) => mixin.startsWith(own)),
    wrong: mixins.filter((mixin) => mixin.startsWith(other)),
    common: mixins.filter((mixin) => !mixin.startsWith(own) && !mixin.startsWith(other)),
  }
}

function invalid(message: string, hint: string): CnbError {
  return new CnbError('CNB_IMAGE_INVALID', message, { hint })
}
