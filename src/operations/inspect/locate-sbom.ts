/** Finds the SBOM layer of an app image. */

import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { readAppMetadata } from './app-image.ts'
import { readFacts, type ImageFacts } from './image-facts.ts'
import { locateImage, type ImageServices, type LocatedImage, type LocateOptions } from './locate-image.ts'
import { hasSbom } from './sbom-layer.ts'

export interface LocatedSbom {
  readonly found: LocatedImage
  readonly facts: ImageFacts
  /** The layer's diffID. */
  readonly sbom: string
}

/** @throws CnbError CNB_IMAGE_INVALID if the image has none, and those of locateImage */
export async function locateSbom(name: string, options: LocateOptions, places: ImageServices, context: Context): Promise<LocatedSbom> {
  const found = await locateImage(name, options, places, context)
  const facts = await readFacts(found, context)
  const { sbom } = readAppMetadata(facts)
  const layer = facts.layers.find(({ diffId }) => diffId === sbom)
  if (!layer || !(await hasSbom(found, layer, context))) {
    throw new CnbError('CNB_IMAGE_INVALID', `image '${name}' has no software bill of materials`, { hint: 'Rebuild it with buildpacks that write one.' })
  }
  return { found, facts, sbom: layer.diffId }
}
