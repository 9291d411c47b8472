/** Resolves ClusterStore, Buildpack and ClusterBuildpack (kpack's pkg/cnb/remote_store_reader.go). */

import { CnbError, toCnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import { Limiter } from '../../../base/limiter.ts'
import { readLayerInfo } from '../../../buildpacks/layer-info.ts'
import { compareBytes } from '../../../formats/go/json.ts'
import { BUILDPACK_LAYERS_LABEL, EXTENSION_LAYERS_LABEL, PACKAGE_METADATA_LABEL } from '../../../images/labels/label-names.ts'
import { readLabels } from '../../../images/labels/read-labels.ts'
import type { StoredImage } from '../../../images/stored-image.ts'
import type { BuildpackStatus, ImageSource } from '../../../resources/kinds/parts.ts'
import { findResourceImage, type ResourceServices } from './resource-images.ts'

/** Concurrent sources: most of the time is spent waiting for a registry. */
const AT_ONCE = 8

export interface ResolvedStore {
  /** Sorted by id and version; a buildpack of several images occurs several times. */
  readonly buildpacks: BuildpackStatus[]
  /** Image extensions, which kpack ignores. */
  readonly extensions: BuildpackStatus[]
  /** The sources that cannot be read: the others are complete. */
  readonly errors: { readonly image: string; readonly error: CnbError }[]
}

/**
 * Reads the buildpacks of all sources: packages, or whole builders.
 * @param options.kpackCompatible throws the first error, and ignores extensions
 * @throws CnbError CNB_BUILDPACK_INVALID, and those of findResourceImage, if kpackCompatible; else only that of an aborted signal
 */
export async function resolveStore(
  sources: readonly ImageSource[],
  services: ResourceServices,
  { kpackCompatible = false }: { kpackCompatible?: boolean },
  context: Context,
): Promise<ResolvedStore> {
  const labels = [BUILDPACK_LAYERS_LABEL, ...(kpackCompatible ? [] : [EXTENSION_LAYERS_LABEL])]
  const limit = new Limiter(AT_ONCE)
  const read = await Promise.all(sources.map(({ image }) => limit.run(async () => {
    try {
      const found = await findResourceImage(image, services, context)
      const [buildpacks, extensions = []] = labels.map((label) => modulesOf(found, image, label))
      if (labels.some((label) => Object.hasOwn(found.labels, label))) return { buildpacks: buildpacks!, extensions, errors: [] }
      throw new CnbError('CNB_BUILDPACK_INVALID', `could not find label ${BUILDPACK_LAYERS_LABEL}`, { hint: `Use a package of buildpacks or a builder instead of '${image}'.` })
    } catch (error) {
      context.signal?.throwIfAborted()
      return { buildpacks: [], extensions: [], errors: [{ image, error: toCnbError(error) }] }
    }
  })))
  const errors = read.flatMap((each) => each.errors)
  if (kpackCompatible && errors[0]) throw errors[0].error
  return { buildpacks: sortModules(read.flatMap((each) => each.buildpacks)), extensions: sortModules(read.flatMap((each) => each.extensions)), errors }
}

/** Reads the buildpacks of one Buildpack or ClusterBuildpack. @throws CnbError CNB_BUILDPACK_INVALID, and those of findResourceImage */
export async function resolveBuildpack(
  source: ImageSource,
  services: ResourceServices,
  options: { kpackCompatible?: boolean },
  context: Context,
): Promise<Omit<ResolvedStore, 'errors'>> {
  const { errors: [failure], ...found } = await resolveStore([source], services, options, context)
  if (failure) throw failure.error
  return found
}

/** Sorts by id and version. */
export function sortModules(modules: BuildpackStatus[]): BuildpackStatus[] {
  const name = ({ id, version }: BuildpackStatus): string => `${id}@${version}`
  return modules.sort((a, b) => compareBytes(name(a), name(b)) || compareBytes(a.storeImage?.image ?? '', b.storeImage?.image ?? ''))
}

/** Reads the modules of a label; none without the label. */
function modulesOf(image: StoredImage, name: string, label: string): BuildpackStatus[] {
  const labels = readLabels(image, [PACKAGE_METADATA_LABEL, label], 'CNB_BUILDPACK_INVALID')
  const ids = labels.map(label)
  const metadata = labels.table(PACKAGE_METADATA_LABEL)
  const buildpackage = Object.fromEntries(['id', 'version', 'homepage'].flatMap((key) => metadata?.string(key) ? [[key, metadata.string(key)]] : []))
  return (ids?.keys() ?? []).flatMap((id) => {
    const versions = ids?.map(id)
    return (versions?.keys() ?? []).flatMap((version) => {
      const entry = versions?.table(version)
      if (!entry) return []
      const { api, layerDiffID, order, stacks, homepage } = readLayerInfo(entry)
      const descriptor = image.layers.find(({ diffId }) => diffId === layerDiffID)?.blob?.descriptor
      if (!descriptor) throw new CnbError('CNB_BUILDPACK_INVALID', `unable to get layer ${id}@${version}: unknown diffID ${layerDiffID}`, { hint: `Package '${name}' again.` })
      return [{
        id, version, buildpackage,
        storeImage: { image: name }, diffId: layerDiffID, digest: descriptor.digest, size: descriptor.size,
        ...(api === '' ? {} : { api }),
        ...(homepage === undefined ? {} : { homepage }),
        ...(order ? { order: order.map(({ group }) => ({ group: [...group] })) } : {}),
        ...(stacks ? { stacks: stacks.map(({ id, mixins = [] }) => ({ id, ...(mixins.length > 0 ? { mixins: [...mixins] } : {}) })) } : {}),
      }]
    })
  })
}
