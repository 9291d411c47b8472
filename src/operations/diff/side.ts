/** One side of the comparison of two images. */

import type { Context } from '../../base/events.ts'
import { once } from '../../base/once.ts'
import { readBuildMetadata, type BuildMetadata } from '../../images/labels/build-metadata.ts'
import { readLifecycleMetadata, type LifecycleMetadata } from '../../images/labels/lifecycle-metadata.ts'
import { readFacts, type ImageFacts } from '../inspect/image-facts.ts'
import { nameLayers, type NamedLayer } from '../inspect/layer-names.ts'
import { locateImage, type ImageServices, type LocatedImage, type LocateOptions } from '../inspect/locate-image.ts'
import { withLayers } from '../inspect/open-layers.ts'
import { versionsOfPackages } from '../sbom/package-versions.ts'
import { readSbomLayer } from '../sbom/read-sbom-layer.ts'
import type { Versions } from './changes.ts'

export interface Side {
  readonly found: LocatedImage
  readonly facts: ImageFacts
  readonly metadata: LifecycleMetadata | undefined
  readonly build: BuildMetadata | undefined
  readonly layers: readonly NamedLayer[]
  /** The diffID of the layer with the SBOM. */
  readonly sbom: string | undefined
  /** Reads the packages of the SBOM, once. Returns undefined without an SBOM in a known format. */
  readonly packages: () => Promise<Versions | undefined>
}

/** @throws CnbError CNB_IMAGE_INVALID for malformed labels, and those of locateImage */
export async function readSide(name: string, options: LocateOptions, places: ImageServices, context: Context): Promise<Side> {
  const found = await locateImage(name, options, places, context)
  const facts = await readFacts(found, context)
  const metadata = readLifecycleMetadata(facts)
  const layers = nameLayers(facts.layers, metadata)
  const sbom = layers.find(({ diffId }) => diffId === metadata?.sbom)?.diffId
  const packages = once(async () => {
    if (sbom === undefined) return undefined
    return withLayers(found, new Set([sbom]), context, async ([layer]) => {
      const read = await readSbomLayer(found.name, await layer!.open(context.signal), {}, context)
      return read && versionsOfPackages(read)
    })
  })
  return { found, facts, metadata, build: readBuildMetadata(facts), layers, sbom, packages }
}
