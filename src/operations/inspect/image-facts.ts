/** What an image says of itself without its layers being opened: the same from an engine and from a registry. */

import type { Context } from '../../base/events.ts'
import type { EngineHistory, EngineImage } from '../../docker/engine.ts'
import type { Labelled } from '../../images/labels/read-labels.ts'
import type { StoredImage } from '../../images/stored-image.ts'
import type { ContainerConfig, HistoryEntry } from '../../oci/config.ts'
import { readIndex, readManifest } from '../../oci/manifest.ts'
import { formatPlatform, type Platform } from '../../oci/platform.ts'
import type { LocatedImage } from './locate-image.ts'

/** Where an image was found, and what it is called and weighs there; a part of what inspect commands print. */
export interface ImagePlace {
  /** The name as it was asked for. */
  image: string
  source: LocatedImage['place']
  /** The image ID on the engine; in a registry `repository@digest`, in a layout `oci:DIR@digest`. */
  id: string
  /** Of the manifest; an engine does not tell it. */
  digest?: string
  mediaType?: string
  /** The index that the image was chosen from, and the others in it. */
  index?: { digest: string; mediaType: string; platforms: { platform: string; digest: string }[] }
  platform: string
  created?: string
  /** Bytes of all layers as an engine has them: unpacked. */
  size?: number
  /** Bytes of all layers as a registry has them: compressed, as they travel. */
  compressedSize?: number
}

/** Sizes are as in ImagePlace. */
export interface LayerFacts {
  readonly diffId: string
  /** Undefined where the engine does not tell. */
  readonly size?: number
  readonly compressedSize?: number
  /** Of the blob that holds it. */
  readonly digest?: string
  /** The step of the history that made it; empty or undefined where there is none. */
  readonly createdBy?: string
}

export interface ImageFacts extends Labelled {
  readonly place: ImagePlace
  readonly platform: Platform
  readonly config: ContainerConfig
  /** From the bottom up. */
  readonly layers: readonly LayerFacts[]
}

/** @throws CnbError CNB_IMAGE_INVALID, CNB_ENGINE_* */
export async function readFacts(found: LocatedImage, context: Context): Promise<ImageFacts> {
  if (found.place !== 'engine') return storedFacts(found.name, found.place, found.image)
  const { name, image, services } = found
  return engineFacts(name, image, await services.engine.images.history(image.id, context))
}

function engineFacts(name: string, image: EngineImage, history: readonly EngineHistory[]): ImageFacts {
  const { id, platform, created, size, config, diffIds } = image
  const steps = engineSteps(diffIds.length, history)
  return {
    reference: name,
    labels: config.Labels ?? {},
    platform,
    config,
    place: { image: name, source: 'engine', id, platform: formatPlatform(platform), created: created || undefined, size },
    layers: diffIds.map((diffId, index) => {
      const step = steps[index]
      return { diffId, size: step?.size, createdBy: step?.createdBy }
    }),
  }
}

/**
 * The history entry of each layer, oldest first; none where the two cannot be matched. The engine does not mark the entries
 * that made no layer, but they weigh nothing.
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

/** What is for an `unknown` platform is no image, but something that was attested of one. */
function describeIndex({ descriptor, content }: NonNullable<StoredImage['index']>, name: string): NonNullable<ImagePlace['index']> {
  const images = readIndex(content, name).filter(({ platform }) => platform && platform.os !== 'unknown')
  return {
    digest: descriptor.digest,
    mediaType: descriptor.mediaType,
    platforms: images.flatMap(({ platform, digest }) => (platform ? [{ platform: formatPlatform(platform), digest }] : [])),
  }
}
