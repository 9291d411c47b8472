/** analyzed.toml as the restorer leaves it where extensions are used (lifecycle cmd/lifecycle/restorer.go). */

import type { TarEntry } from '../../../archive/tar-writer.ts'
import { parseToml, type TomlTable } from '../../../formats/toml.ts'
import type { Digest } from '../../../oci/digest.ts'
import { contextName, parseReference } from '../../../oci/reference.ts'
import type { BuildPlan, RunImage } from '../../lifecycle.ts'
import { layersFile } from '../../platform-files.ts'
import { analyzedToml } from '../metadata/analyzed.ts'
import { encodeGoToml } from '../metadata/go-toml.ts'
import type { PreviousImage } from '../model.ts'

export interface ExtendedBases {
  /** The plan's run image, or the one that an extension switched to. */
  readonly runImage: RunImage
  /** The digests of the layouts that the extender finds (base-layout.ts). */
  readonly build?: Digest
  readonly run?: Digest
}

/** An entry for `/`. It is written anew: what the detector left in its place was within reach of buildpacks. */
export function extendedAnalyzed(plan: BuildPlan, previous: PreviousImage | undefined, { runImage, build, run }: ExtendedBases): TarEntry {
  const analyzed = parseToml(analyzedToml({ ...plan, runImage }, previous), 'analyzed.toml')
  const toml = encodeGoToml({
    ...analyzed,
    'run-image': { ...(analyzed['run-image'] as TomlTable), ...(run ? { reference: digestReference(runImage.name, run), extend: true } : {}) },
    ...(build ? { 'build-image': { reference: digestReference(plan.builder.image.reference, build) } } : {}),
  })
  return layersFile(plan, 'analyzed.toml', toml)
}

/** The extender takes a digest from it, and nothing else. */
function digestReference(name: string, digest: Digest): string {
  return `${contextName(parseReference(name))}@${digest}`
}
