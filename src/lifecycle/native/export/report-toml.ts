/** report.toml: what came of the build (platform.md "report.toml"; lifecycle platform/files/report.go). */

import { CnbError } from '../../../base/errors.ts'
import { escapeId } from '../../../buildpacks/descriptor.ts'
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

/** What the build left that the report tells of. */
export interface ReportedBuild {
  readonly image: Pick<ImagePlan, 'config' | 'layers'>
  readonly group: Group
  readonly tree: LayersTree
}

/**
 * The file as the lifecycle writes it. An image that is only on an engine has no manifest: its `manifest-size` is that of a possible
 * one, here as in the lifecycle, and the two may differ.
 * @throws CnbError CNB_DESCRIPTOR_INVALID for a build.toml that is no TOML, which Platform APIs before 0.9 take a part of
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

/** On an engine an image is known by its ID, in a registry by its manifest's digest. */
function identity({ id, manifest }: SavedImage, image: ReportedBuild['image']): string {
  return [
    ...(id.includes('@') ? [] : [`  image-id = "${id.replace(/^sha256:/, '')}"\n`]),
    ...(manifest ? [`  digest = "${manifest.digest}"\n`] : []),
    `  manifest-size = ${manifest ? manifest.size : engineManifestSize(image)}\n`,
  ].join('')
}

/** What buildpacks wrote of the build environment into build.toml, before bills of materials were files. */
function legacyBom({ group, tree }: ReportedBuild, api: ApiVersion): object[] {
  if (hasFeature(api, 'noLegacyBom')) return []
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
