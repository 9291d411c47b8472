/**
 * Whose code has a hand in a build. Buildpacks run as one user in one container, so that each can write any layer: a layer is
 * only as good as the worst of them. What earlier builds left is therefore used only where each source of their code is one
 * of the present build, too.
 */

import { digestOf, isImageId } from '../../../oci/digest.ts'
import { familiarName, parseReference } from '../../../oci/reference.ts'
import type { BuildPlan } from '../../lifecycle.ts'
import type { CodeSource } from '../model.ts'

/** The builder, and each buildpack from outside of it, whether or not detection chooses that one: its `detect` runs all the same. */
export function codeSources({ builder, buildpacks }: Pick<BuildPlan, 'builder' | 'buildpacks'>): readonly CodeSource[] {
  const { reference, id } = builder.image
  const name = repositoryOf(reference)
  return [
    { name: `builder '${name}'`, place: digestOf(`builder ${name}`), content: id },
    ...buildpacks.map(({ descriptor: { info }, layer, origin }) => ({
      name: `buildpack '${info.id}'`,
      // As a digest: a cache in a registry shall not tell of paths of this machine.
      place: digestOf(`buildpack ${origin}`),
      content: layer.diffId,
    })),
  ]
}

/** An image's name without tag and digest, so that what was made before an upgrade is used after it; an ID is its own. */
export function repositoryOf(reference: string): string {
  if (isImageId(reference)) return reference
  const { registry, repository } = parseReference(reference)
  return familiarName({ registry, repository })
}

/**
 * The sources among `earlier` that are none of `present`. One is another's equal that comes from the same place, so that authors
 * can change their own buildpack, or that has the same content, wherever that is.
 */
export function externalSources(earlier: readonly CodeSource[], present: readonly CodeSource[]): readonly CodeSource[] {
  return earlier.filter(({ place, content }) => !present.some((own) => own.place === place || own.content === content))
}
