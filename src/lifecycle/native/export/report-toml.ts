/** report.toml, the report of a build (platform.md "report.toml"; lifecycle platform/files/report.go). */

import { CnbError } from '../../../base/errors.ts'
import { escapeId } from '../../../buildpacks/buildpack-descriptor.ts'
import { anyCapitals, FieldReader } from '../../../formats/field-reader.ts'
import { isTable } from '../../../formats/lenient-values.ts'
import { parseTomlData } from '../../../formats/go/toml-data.ts'
import { stringifyToml } from '../../../formats/toml.ts'
import { hasFeature } from '../../../formats/api-features.ts'
import type { ApiVersion } from '../../../formats/versions.ts'
import { familiarName } from '../../../oci/reference.ts'
import { engineManifestSize } from '../../../images/engine/engine-manifest.ts'
import type { ImagePlan, SavedImage } from '../../../images/image.ts'
import type { BuildPlan } from '../../lifecycle.ts'
import type { Group, LayersTree } from '../model.ts'

/** The parts of a build that the report covers. */
export interface ReportedBuild {
  readonly image: Pick<ImagePlan, 'config' | 'layers'>
  readonly group: Group
  readonly tree: LayersTree
}

/**
 * Returns report.toml as the lifecycle writes it. An image that is only on an engine has no manifest: here as in the lifecycle,
 * `manifest-size` is the size of a possible manifest, and the two may differ.
 * @throws CnbError CNB_DESCRIPTOR_INVALID for a build.toml with invalid TOML, which is read for Platform APIs before 0.9
 */
export function reportToml(
  plan: Pick<BuildPlan, 'image' | 'tags' | 'platformApi'>,
  saved: SavedImage,
  build: ReportedBuild,
): string {
  const tags = [plan.image, ...plan.tags].map((tag) => JSON.stringify(familiarName(tag)))
  const image = `[image]\n  tags = [${tags.join(', ')}]\n${identity(saved, build.image)}`
  const bom = legacyBom(build, plan.platformApi)
  return bom.length === 0 ? image : `${stringifyToml({ build: { bom } })}\n${image}`
}

/** Returns the image's identity: its ID on an engine, its manifest's digest in a registry. */
function identity({ id, manifest }: SavedImage, image: ReportedBuild['image']): string {
  return [
    ...(id.includes('@') ? [] : [`  image-id = "${id.replace(/^sha256:/, '')}"\n`]),
    ...(manifest ? [`  digest = "${manifest.digest}"\n`] : []),
    `  manifest-size = ${manifest ? manifest.size : engineManifestSize(image)}\n`,
  ].join('')
}

/** Returns the build BOM from buildpacks' build.toml, used before bills of materials were files. */
function legacyBom({ group, tree }: ReportedBuild, api: ApiVersion): object[] {
  if (hasFeature(api, 'sbomFilesOnly')) return []
  return group.buildpacks.flatMap(({ id, version, optional }) => {
    const path = `${escapeId(id)}/build.toml`
    const content = tree.get(path)?.content
    const bom = content && readBom(content, `/layers/${path}`)
    const entries = Array.isArray(bom) ? bom.filter(isTable) : []
    return entries.map((entry) => ({ ...entry, buildpack: { id, version, ...(optional ? { optional } : {}) } }))
  })
}

function readBom(content: Buffer, path: string): unknown {
  const error = (_: unknown, message: string): CnbError => new CnbError('CNB_DESCRIPTOR_INVALID', `${path}: ${message}`)
  return new FieldReader(parseTomlData(content, path), [], error, anyCapitals).value('bom')
}
