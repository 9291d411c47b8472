/** Image properties that are read without the layers, from an engine, registry or OCI layout. */

import type { Context } from '../../base/events.ts'
import type { EngineHistory, EngineImage } from '../../docker/engine.ts'
import { isImageEntry } from '../../images/index/choose-image.ts'
import type { Labelled } from '../../images/labels/read-labels.ts'
import type { StoredImage } from '../../images/stored-image.ts'
import type { ContainerConfig, HistoryEntry } from '../../oci/config.ts'
import { readIndex, readManifest } from '../../oci/manifest.ts'
import { formatPlatform, type Platform } from '../../oci/platform.ts'
import type { LocatedImage } from './locate-image.ts'

/** The location, identity and size of an image; part of the output of the inspect commands. */
export interface ImagePlace {
  /** The requested name. */
  image: string
  source: LocatedImage['place']
  /** The image ID on the engine; in a registry `repository@digest`, in a layout `oci:DIR@digest`. */
  id: string
  /** The manifest's digest; undefined for an image on an engine. */
  digest?: string
  mediaType?: string
  /** The index from which the image was selected, with all of its images. */
  index?: { digest: string; mediaType: string; platforms: { platform: string; digest: string }[] }
  platform: string
  created?: string
  /** Total bytes of the uncompressed layers, from an engine. */
  size?: number
  /** Total bytes of the compressed layers, from a registry or layout. */
  compressedSize?: number
}

/** A layer. Sizes are those of ImagePlace. */
export interface LayerFacts {
  readonly diffId: string
  /** Undefined if the engine does not report it. */
  readonly size?: number
  readonly compressedSize?: number
  /** The digest of the layer's blob. */
  readonly digest?: string
  /** The history entry that created it; empty or undefined if it is unknown. */
  readonly createdBy?: string
}

export interface ImageFacts extends Labelled {
  readonly place: ImagePlace
  readonly platform: Platform
  readonly config: ContainerConfig
  /** From the bottom up. */
  readonly layers: readonly LayerFacts[]
}

/** Reads the properties of an image. @throws CnbError CNB_IMAGE_INVALID, CNB_ENGINE_* */
export async function readFacts(found: LocatedImage, context: Context): Promise<ImageFacts> {
  if (found.place !== 'engine') return storedFacts(found.name, found.place, found.image)
  const { name, image, services } = found
  return engineFacts(name, image, await services.engine.images.history(image.id, context))
}

function engineFacts(name: string, image: EngineImage, history: readonly EngineHistory[]): ImageFacts {
  const { id, platform, created, size, config, diffIds } = image
  const steps = engineSteps(diffIds.length, history)
  // A containerd store reports 0 for layers that it has not unpacked.
  const isSized = steps.some((step) => step.size > 0) || size === 0
  return {
    reference: name,
    labels: config.Labels ?? {},
    platform,
    config,
    place: { image: name, source: 'engine', id, platform: formatPlatform(platform), created: created || undefined, size },
    layers: diffIds.map((diffId, index) => {
      const step = steps[index]
      return { diffId, size: isSized ? step?.size : undefined, createdBy: step?.createdBy }
    }),
  }
}

/**
 * Returns the history entry of each layer, oldest first, or an empty list if layers and entries cannot be matched. The engine does not
 * mark the entries without a layer, but their size is 0.
 */
function engineSteps(layers: number, history: readonly EngineHistory[]): readonly EngineHistory[] {
  const oldestFirst = history.toReversed()
  if (oldestFirst.length === layers) return oldestFirst
  const heavy = oldestFirst.filter(({ size }) => size > 0)
  return heavy.length === layers ? heavy : []
}

function storedFacts(name: string, source: Exclude<LocatedImage['place'], 'engine'>, image: StoredImage): ImageFacts {
  const { id, platform, config, labels, manifest, index } = image
  const { digest, mediaType } = manifest.descriptor
  const { layers } = readManifest(manifest.content, id)
  const made = (config.history ?? []).filter(({ empty_layer }) => empty_layer !== true)
  const steps: readonly HistoryEntry[] = made.length === layers.length ? made : []
  return {
    reference: name,
    labels,
    platform,
    config: config.config,
    place: {
      image: name,
      source,
      id,
      digest,
      mediaType,
      index: index && describeIndex(index, id),
      platform: formatPlatform(platform),
      created: config.created || undefined,
      compressedSize: layers.reduce((sum, layer) => sum + layer.size, 0),
    },
    layers: layers.map((layer, place) => ({
      diffId: config.rootfs.diff_ids[place] ?? '',
      compressedSize: layer.size,
      digest: layer.digest,
      createdBy: steps[place]?.created_by ?? '',
    })),
  }
}

/** Returns the index with its images. */
function describeIndex({ descriptor, content }: NonNullable<StoredImage['index']>, name: string): NonNullable<ImagePlace['index']> {
  const images = readIndex(content, name).filter(isImageEntry)
  return {
    digest: descriptor.digest,
    mediaType: descriptor.mediaType,
    platforms: images.flatMap(({ platform, digest }) => (platform ? [{ platform: formatPlatform(platform), digest }] : [])),
  }
}
