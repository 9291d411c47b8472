/** Resolves a ClusterLifecycle (kpack's pkg/cnb/remote_lifecycle_reader.go). */

import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import type { FieldReader } from '../../../formats/field-reader.ts'
import { BUILDER_METADATA_LABEL, LIFECYCLE_APIS_LABEL } from '../../../images/labels/label-names.ts'
import { readLabels } from '../../../images/labels/read-labels.ts'
import type { ClusterLifecycleSpec, ClusterLifecycleStatus } from '../../../resources/kinds/bases.ts'
import type { ApiVersions } from '../../../resources/kinds/builder.ts'
import { findResourceImage, latestImage, type ResourceServices } from './resource-images.ts'

/** Resolves a lifecycle. @throws CnbError CNB_LIFECYCLE_INVALID, CNB_IMAGE_INVALID, and those of findResourceImage */
export async function resolveLifecycle({ image: name }: ClusterLifecycleSpec, services: ResourceServices, context: Context): Promise<ClusterLifecycleStatus> {
  const image = await findResourceImage(name, services, context)
  for (const label of [BUILDER_METADATA_LABEL, LIFECYCLE_APIS_LABEL]) {
    if (Object.hasOwn(image.labels, label)) continue
    throw new CnbError('CNB_LIFECYCLE_INVALID', `could not find label ${label}`, { hint: `Use an image of the lifecycle instead of '${name}'.` })
  }
  const labels = readLabels(image, [BUILDER_METADATA_LABEL, LIFECYCLE_APIS_LABEL])
  const metadata = labels.table(BUILDER_METADATA_LABEL)
  const version = metadata?.table('lifecycle')?.string('version')
  const api = metadata?.table('api')
  const apis = labels.table(LIFECYCLE_APIS_LABEL)
  return {
    image: { latestImage: latestImage(image), image: name },
    ...(version ? { version } : {}),
    api: { ...some('buildpack', api?.string('buildpack')), ...some('platform', api?.string('platform')) },
    apis: { buildpack: readApis(apis?.table('buildpack')), platform: readApis(apis?.table('platform')) },
  }
}

function readApis(range: FieldReader | undefined): ApiVersions {
  const list = (key: string): string[] | null => {
    const versions = range?.strings(key) ?? []
    return versions.length > 0 ? versions : null
  }
  return { deprecated: list('deprecated'), supported: list('supported') }
}

function some<K extends string>(key: K, text: string | undefined): { [P in K]?: string } {
  return text ? ({ [key]: text } as { [P in K]?: string }) : {}
}
