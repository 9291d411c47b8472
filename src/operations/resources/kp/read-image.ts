/** What kp's verbs read of images: the stack of a base image, and the order of a builder. */

import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import { ORDER_LABEL, readStackId, STACK_ID_LABEL } from '../../../images/labels/label-names.ts'
import { readLabels } from '../../../images/labels/read-labels.ts'
import type { StoredImage } from '../../../images/stored-image.ts'
import type { BuilderTemplate } from '../../../resources/kinds/builder.ts'
import { readRegistrySettings, type RegistryOptions } from '../../config/registry-settings.ts'
import type { RegistryServices } from '../../services.ts'
import { findResourceImage } from '../builders/resource-images.ts'

/** Finds an image with this user's credentials. @throws CnbError as findResourceImage */
async function find(image: string, options: RegistryOptions, { registries, platform, host }: RegistryServices, context: Context): Promise<StoredImage> {
  return findResourceImage(image, { registries: await registries(await readRegistrySettings(options, host, context)), platform }, context)
}

export interface StackImages {
  readonly buildImage?: string
  readonly runImage?: string
}

/** Returns the ID of the images' stack; undefined without images. @throws CnbError CNB_IMAGE_INVALID, and those of findResourceImage */
export async function stackIdOf({ buildImage, runImage }: StackImages, options: RegistryOptions, services: RegistryServices, context: Context): Promise<string | undefined> {
  const [build, run] = await Promise.all([buildImage, runImage].map(async (image) => (image === undefined ? undefined : idOf(image, options, services, context))))
  if (build === undefined || run === undefined || build === run) return build ?? run
  throw new CnbError('CNB_IMAGE_INVALID', `build stack '${build}' does not match run stack '${run}'`, { hint: 'Use two images of one stack.' })
}

async function idOf(image: string, options: RegistryOptions, services: RegistryServices, context: Context): Promise<string> {
  const id = readStackId(await find(image, options, services, context))
  if (id === '') throw new CnbError('CNB_IMAGE_INVALID', `image '${image}' has no label ${STACK_ID_LABEL}`, { hint: 'Use an image of a stack.' })
  return id
}

/** Returns the order of a builder image. @throws CnbError CNB_BUILDER_INVALID, and those of findResourceImage */
export async function orderOf(image: string, options: RegistryOptions, services: RegistryServices, context: Context): Promise<NonNullable<BuilderTemplate['order']>> {
  const labels = readLabels(await find(image, options, services, context), [ORDER_LABEL], 'CNB_BUILDER_INVALID')
  return labels.tables(ORDER_LABEL).map((entry) => ({
    group: entry.tables('group').map((buildpack) => {
      const version = buildpack.string('version')
      return { id: buildpack.string('id') ?? '', ...(version ? { version } : {}), ...(buildpack.boolean('optional') ? { optional: true } : {}) }
    }),
  }))
}
