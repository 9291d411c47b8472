/** The image store of a build: finds the previous image and saves the new one in all sinks. */

import { CnbError } from '../../base/errors.ts'
import { decide, type Context } from '../../base/events.ts'
import type { EngineImageStore } from '../../images/engine/engine-source.ts'
import { findRegistryFirst } from '../../images/find/registry-first.ts'
import type { Image, ImageSink, ImageSource } from '../../images/image.ts'
import { indexEntry } from '../../images/index/image-index.ts'
import type { LayerBlobs } from '../../images/layers/layer-blobs.ts'
import { openRegistryImages, repositoryName } from '../../images/remote/registry-source.ts'
import { RepositoryBlobs } from '../../images/remote/repository-blobs.ts'
import { openSinks } from '../../images/sinks/open-sinks.ts'
import type { Sink, SinkServices } from '../../images/sinks/sink.ts'
import { toRegistry } from '../../images/sinks/to-registry.ts'
import type { BuildStart } from '../../lifecycle/lifecycle.ts'
import type { Descriptor } from '../../oci/descriptor.ts'
import { formatPlatform, type Platform, platformMatches } from '../../oci/platform.ts'
import type { Reference } from '../../oci/reference.ts'
import { registryStatus } from '../../registry/registry-errors.ts'
import type { Registries } from '../../registry/registry.ts'
import { isEngineOnly } from './build-sinks.ts'

/** The registry client and sinks of a build; absent if the build uses the engine only. */
export interface Publishing {
  readonly registries: Registries
  readonly sinks: readonly Sink[]
  /** The layer blobs of all images of the build: layers that app and cache have in common are compressed and sent once. */
  readonly blobs: LayerBlobs
}

export type BuildStore = ImageSource & ImageSink

/**
 * Opens the store of the app image. Without `publishing`, it is the engine.
 * @param addPart receives the entry of the saved image, if it is a part of an index
 */
export function openBuildStore(
  images: EngineImageStore,
  publishing: Publishing | undefined,
  { builder, image }: Pick<BuildStart, 'builder' | 'image'>,
  addPart?: (entry: Descriptor) => void,
): BuildStore {
  if (!publishing || isEngineOnly(publishing.sinks)) return images
  const { registries, sinks, blobs } = publishing
  const { platform } = builder.image
  if (sinks.some(({ store }) => store === 'registry')) {
    const repositories = new RepositoryBlobs(registries)
    blobs.sendEarlyTo({
      name: repositoryName(image),
      send: (blob, context) => repositories.bringNew(blob, image, context),
      upload: (source, context) => registries.repository(image, 'push').uploadStream(source, context),
    })
  }
  const published = openRegistryImages(registries, platform)
  const services: SinkServices = { engine: images, registries, blobs, published, platform }
  const all = openSinks(sinks.map((sink) => ({ sink, images: sink.open(services) })), blobs, published)
  const previous = sinks[0]?.previous?.(image, services) ?? withoutDamaged(published)
  return {
    find: (reference, context = {}) => findForPlatform(previous, reference, platform, context),
    save: async (plan, context) => {
      if (!addPart) return all.save(plan, context)
      const saved = await all.save({ ...plan, part: true }, context)
      addPart(indexEntry(saved, plan.config))
      return saved
    },
  }
}

/** Finds a previous image. Layers of an image for another platform must not be reused. */
async function findForPlatform(images: ImageSource, reference: string, platform: Platform, context: Context): Promise<Image | undefined> {
  const subject = { kind: 'previous image', name: reference } as const
  try {
    const found = await images.find(reference, context)
    if (!found || platformMatches(found.platform, platform)) return found
    decide(context, subject, 'not used', `it is for ${formatPlatform(found.platform)}`)
  } catch (error) {
    if (!(error instanceof CnbError) || error.code !== 'CNB_PLATFORM_MISMATCH') throw error
    decide(context, subject, 'not used', error.message)
  }
  return undefined
}

/** Finds no damaged image: the build replaces it. Registries may delete the images of an index, which have no names, and blobs. */
function withoutDamaged(images: ImageSource): ImageSource {
  return {
    find: async (reference, context = {}) => {
      try {
        return await images.find(reference, context)
      } catch (error) {
        const isDamaged = error instanceof CnbError && (error.code === 'CNB_IMAGE_INVALID' || registryStatus(error) === 404)
        if (!isDamaged) throw error
        context.events?.({ type: 'warning', message: `cannot reuse layers of image '${reference}': ${error.message}` })
        return undefined
      }
    },
  }
}

/** Opens the store of cache images: always their registry, for all sinks of the app. */
export function openCacheImages({ registries, blobs }: Publishing, platform: Platform): BuildStore {
  const published = openRegistryImages(registries, platform)
  const sink = toRegistry()
  const images = openSinks([{ sink, images: sink.open({ registries, blobs }) }], blobs, published)
  return { find: (reference, context) => published.find(reference, context), save: (plan, context) => images.save(plan, context) }
}

/**
 * Checks push access for all tags before the build.
 * @throws CnbError CNB_REGISTRY_DENIED, CNB_REGISTRY_UNREACHABLE
 */
export async function checkPublishing({ registries, sinks }: Publishing, tags: readonly Reference[], context: Context): Promise<void> {
  await Promise.all(sinks.map(async (sink) => sink.check?.(tags, registries, context)))
}

/** Returns a function that finds run images among the images of the sink, or else with `elsewhere`. @throws CnbError CNB_IMAGE_INVALID, and errors of `elsewhere` */
export function findStored(stored: ImageSource, elsewhere: FindRunImage): FindRunImage {
  return async (reference, context) => {
    const image = await stored.find(reference, context)
    if (!image) return elsewhere(reference, context)
    decide(context, { kind: 'image', name: reference }, 'read from its OCI layout', 'the directory of --to has it')
    return image
  }
}

type FindRunImage = (reference: string, context: Context) => Promise<Image>

/**
 * Returns a function that finds run images for an app that is not saved to the engine. It reads manifest and configuration from the
 * registry, without the layers. For an image that is in no registry it uses the engine's copy: the user may have built it there.
 * @throws CnbError CNB_IMAGE_NOT_FOUND, CNB_REGISTRY_*
 */
export function findPublished(
  registries: Registries,
  onEngine: ImageSource,
  platform: Platform,
): FindRunImage {
  const published = openRegistryImages(registries, platform)
  return async (reference, context) => {
    const missing = new CnbError('CNB_IMAGE_NOT_FOUND', `cannot find image '${reference}' in its registry or on the engine`, {
      hint: 'Check the name and the tag.',
    })
    const { image, copy } = await findRegistryFirst(reference, { registry: published, engine: onEngine, missing }, context)
    const subject = { kind: 'image', name: reference } as const
    if (!copy) {
      decide(context, subject, 'read from its registry', 'the app image is not saved to the engine')
      return image
    }
    // A warning for an image from a registry: the registry may have a newer one.
    const type = image.repoDigests.length > 0 ? 'warning' : 'debug'
    context.events?.({ type, message: `using the engine's copy of '${reference}'${copy.unreadable ? `: ${copy.reason}` : ''}` })
    decide(context, subject, "the engine's copy", copy.reason)
    return image
  }
}
