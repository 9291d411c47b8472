/**
 * The sources of the code that runs in a build.
 *
 * All buildpacks run as one user in one container, and each of them can write any layer. Layers of earlier builds are therefore
 * reused only if every code source of those builds is part of this build too.
 */

import { digestOf, isImageId } from '../../../oci/digest.ts'
import { familiarName, parseReference } from '../../../oci/reference.ts'
import type { BuildPlan } from '../../lifecycle.ts'
import type { CodeSource } from '../model.ts'

/**
 * Returns the builder and each buildpack from outside of the builder. Buildpacks that detection does not choose are included,
 * because their `detect` runs.
 */
export function codeSources({ builder, buildpacks }: Pick<BuildPlan, 'builder' | 'buildpacks'>): readonly CodeSource[] {
  const { reference, id } = builder.image
  const name = repositoryOf(reference)
  return [
    { name: `builder '${name}'`, place: digestOf(`builder ${name}`), content: id },
    ...buildpacks.map(({ descriptor: { info }, layer, origin }) => ({
      name: `buildpack '${info.id}'`,
      // A digest, because a cache in a registry must not reveal paths of this machine.
      place: digestOf(`buildpack ${origin}`),
      content: layer.diffId,
    })),
  ]
}

/** Returns an image's name without tag and digest, so an upgraded builder is the same source. Returns an image ID unchanged. */
export function repositoryOf(reference: string): string {
  if (isImageId(reference)) return reference
  const { registry, repository } = parseReference(reference)
  return familiarName({ registry, repository })
}

/**
 * Returns the sources in `earlier` that are not in `present`. Two sources are equal if they have the same place, so authors can
 * change their buildpack, or the same content.
 */
export function externalSources(earlier: readonly CodeSource[], present: readonly CodeSource[]): readonly CodeSource[] {
  return earlier.filter(({ place, content }) => !present.some((own) => own.place === place || own.content === content))
}
