/** Saves images to an OCI layout; only blobs that it lacks are written. */

import type { Context } from '../../base/events.ts'
import { Limiter } from '../../base/limiter.ts'
import { encodeImageConfig } from '../../oci/config.ts'
import type { Descriptor } from '../../oci/descriptor.ts'
import { encodeManifest } from '../../oci/manifest.ts'
import { OCI_CONFIG, OCI_MANIFEST } from '../../oci/media-types.ts'
import { cannotName, type Tag } from '../../oci/reference.ts'
import { bytesBlob } from '../layers/bytes-blob.ts'
import type { ImagePlan, LayerBlob, SavedImage } from '../image.ts'
import type { LayerBlobs } from '../layers/layer-blobs.ts'
import { withImage } from './layout-index.ts'
import { formatLayoutLocation, type LayoutLocation } from './layout-location.ts'
import { changeIndex, prepareLayout, writeBlob } from './layout-writer.ts'

export interface LayoutTarget extends LayoutLocation {
  /** Omits the blobs of the base image's layers; the manifest still lists them. */
  readonly sparse?: boolean
}

/** Concurrent writes of blobs. */
const AT_ONCE = 4

/**
 * Writes the planned image under the target's name, or else under the tags of the plan's names. index.json is changed last: a failure
 * before leaves only blobs, which the next save reuses. For a part of an index, index.json does not change.
 * @param blobs the layers' blobs, shared with other sinks for the same manifest in all
 * @throws CnbError CNB_REFERENCE_INVALID for a name with a digest; CNB_OUTPUT, CNB_IMAGE_INVALID, and errors of the layers' streams
 */
export async function saveToLayout(
  target: LayoutTarget,
  plan: ImagePlan,
  blobs: Pick<LayerBlobs, 'of'>,
  context: Context = {},
): Promise<SavedImage> {
  const { directory, sparse } = target
  const names = namesInLayout(target, plan.tags)
  await prepareLayout(directory, context)
  const config = bytesBlob({ mediaType: OCI_CONFIG, content: encodeImageConfig(plan.config) })
  const layers = new Map(plan.layers.map((layer) => [layer.diffId, layer]))
  const leftOut = new Set(sparse ? plan.base?.layers.map(({ diffId }) => diffId) : [])
  const stored = await Promise.all([...layers.values()].map(async (layer) => [layer.diffId, await blobs.of(layer, context)] as const))
  const blobOf = new Map(stored)
  await writeAll(directory, [config, ...stored.flatMap(([diffId, blob]) => (leftOut.has(diffId) ? [] : [blob]))], context)

  const descriptors = plan.layers.map(({ diffId }) => blobOf.get(diffId)!.descriptor)
  const manifest = bytesBlob({ mediaType: OCI_MANIFEST, content: encodeManifest({ config: config.descriptor, layers: descriptors, annotations: plan.annotations }) })
  await writeBlob(directory, manifest, context)
  const { os, architecture, variant } = plan.config
  const platform = { architecture, os, ...(variant ? { variant } : {}) }
  if (plan.part) return savedInLayout(directory, manifest.descriptor, [])
  const layout = formatLayoutLocation({ directory })
  await changeIndex(directory, (index) => withImage(index, { ...manifest.descriptor, platform }, names, layout), context)
  return savedInLayout(directory, manifest.descriptor, names)
}

/** Describes an image or index in a layout. */
export function savedInLayout(directory: string, manifest: Descriptor, names: readonly string[]): SavedImage {
  return { id: `${directory}@${manifest.digest}`, repoDigests: [], manifest, tags: names.map((name) => formatLayoutLocation({ directory, name })) }
}

/** Returns the location's name, or else the tags of the names. @throws CnbError CNB_REFERENCE_INVALID for a location with a digest */
export function namesInLayout(target: LayoutLocation, tags: readonly Tag[]): string[] {
  if (target.digest !== undefined) throw cannotName(formatLayoutLocation(target), 'it has a digest')
  return target.name === undefined ? [...new Set(tags.map(({ tag }) => tag))] : [target.name]
}

/** Writes all blobs. After a failure, cancels the other writes and waits for their end before it throws. */
async function writeAll(directory: string, blobs: readonly LayerBlob[], context: Context): Promise<void> {
  const limit = new Limiter(AT_ONCE)
  const stop = new AbortController()
  const signal = context.signal ? AbortSignal.any([context.signal, stop.signal]) : stop.signal
  const failures: unknown[] = []
  await Promise.all(blobs.map((blob) => limit.run(async () => {
    if (failures.length > 0) return
    await writeBlob(directory, blob, { ...context, signal }).catch((error: unknown) => {
      failures.push(error)
      stop.abort()
    })
  })))
  if (failures.length > 0) throw failures[0]
}
