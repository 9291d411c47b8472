/** The resources that are read from images in registries, and those images. */

import { resourceId } from '../../../reconcile/state.ts'
import type { AnyBuilder } from '../../../reconcile/state.ts'
import type { PolledBase } from '../../../reconcile/watch/polls.ts'
import { builderTag } from '../builders/assemble-builder.ts'
import { basesOf, type BaseResource } from '../builders/reconcile-bases.ts'
import { buildersOf } from '../builders/reconcile-builders.ts'
import { EXISTING_IMAGE } from '../../../resources/kinds/builder.ts'
import type { Resources } from '../resources.ts'

export function polledBases(resources: Resources): PolledBase[] {
  return [
    ...basesOf(resources).map((base) => ({ id: resourceId(base), images: imagesOf(base) })),
    ...buildersOf(resources).map((builder) => ({ id: resourceId(builder), images: [builder.metadata.annotations?.[EXISTING_IMAGE] ?? publishedTag(builder)] })),
  ]
}

function publishedTag(builder: AnyBuilder): string {
  const { registry, repository, tag } = builderTag(builder)
  return `${registry}/${repository}:${tag}`
}

function imagesOf({ spec }: BaseResource): string[] {
  if ('sources' in spec) return spec.sources.map(({ image }) => image)
  return 'buildImage' in spec ? [spec.buildImage.image, spec.runImage.image] : [spec.image]
}
