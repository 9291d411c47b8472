/** Where a build finds the image that it takes the place of, and puts the new one: engine, registries, or both. */

import { CnbError, toCnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import type { EngineImageStore } from '../../images/engine/engine-source.ts'
import type { Image, ImageSink, ImageSource } from '../../images/image.ts'
import type { LayerBlobs } from '../../images/layers/layer-blobs.ts'
import { openRegistryImages, repositoryName } from '../../images/remote/registry-source.ts'
import { openSinks } from '../../images/sinks.ts'
import { formatLayoutLocation } from '../../images/oci-layout/layout-location.ts'
import type { LayoutTarget } from '../../images/oci-layout/layout-sink.ts'
import { openLayoutImages } from '../../images/oci-layout/layout-source.ts'
import type { BuildPlan } from '../../lifecycle/lifecycle.ts'
import type { Platform } from '../../oci/platform.ts'
import { familiarName, type Reference } from '../../oci/reference.ts'
import type { Registries } from '../../registry/registry.ts'
import { isEngineOnly, type ImageTargets } from './image-targets.ts'

/** How a build talks with registries; absent where it has nothing to do with any. */
export interface Publishing {
  readonly registries: Registries
  readonly targets: ImageTargets
  /** Of all images of the build: what the app's and the cache's have in common is compressed and sent once. */
  readonly blobs: LayerBlobs
}

export type BuildStore = ImageSource & ImageSink

export function openBuildStore(
  images: EngineImageStore,
  publishing: Publishing | undefined,
  { builder, image }: Pick<BuildPlan, 'builder' | 'image'>,
): BuildStore {
  if (!publishing || isEngineOnly(publishing.targets)) return images
  const { registries, targets, blobs } = publishing
  const published = openRegistryImages(registries, builder.image.platform)
  const { engine, registry, layouts } = targets
  const sinks = openSinks({ ...(engine ? { engine: images } : {}), ...(registry ? { registries } : {}), layouts, blobs }, published)
  const [layout] = layouts
  const previous = layout && !engine && !registry ? layoutPrevious(layout, image, published, builder.image.platform) : engine ? images : published
  return {
    find: (reference, context) => previous.find(reference, context),
    save: (plan, context) => sinks.save(plan, context),
  }
}

/** The image that has the app's name in the layout now; any other is a registry's. */
function layoutPrevious({ directory, name }: LayoutTarget, image: Reference, published: ImageSource, platform: Platform): ImageSource {
  const layouts = openLayoutImages(platform)
  const own = formatLayoutLocation({ directory, name: name ?? image.tag })
  return { find: (reference, context) => (reference === familiarName(image) ? layouts.find(own, context) : published.find(reference, context)) }
}

/** Where cache images are, whatever becomes of the app's. */
export function openCacheImages({ registries, blobs }: Publishing, platform: Platform): BuildStore {
  const published = openRegistryImages(registries, platform)
  const sinks = openSinks({ registries, blobs }, published)
  return { find: (reference, context) => published.find(reference, context), save: (plan, context) => sinks.save(plan, context) }
}

/**
 * Sees that all names can be given before any work is done for them.
 * @throws CnbError CNB_REGISTRY_DENIED, CNB_REGISTRY_UNREACHABLE
 */
export async function checkPublishing({ registries, targets }: Publishing, tags: readonly Reference[], context: Context): Promise<void> {
  if (!targets.registry) return
  const repositories = new Map(tags.map((tag) => [repositoryName(tag), tag]))
  await Promise.all([...repositories.values()].map((tag) => registries.repository(tag, 'push').checkPush(context)))
}

/**
 * Finds run images for an app that the engine does not get: in their registry, where nothing but their description is read. One that
 * no registry has may be on the engine: somebody made it there.
 * @throws CnbError CNB_IMAGE_NOT_FOUND, CNB_REGISTRY_*
 */
export function findPublished(
  registries: Registries,
  onEngine: ImageSource,
  platform: Platform,
): (reference: string, context: Context) => Promise<Image> {
  const published = openRegistryImages(registries, platform)
  return async (reference, context) => {
    let failure = new CnbError('CNB_IMAGE_NOT_FOUND', `neither its registry nor the engine has the image '${reference}'`, {
      hint: 'Check the name and the tag.',
    })
    try {
      const found = await published.find(reference, context)
      if (found) return found
    } catch (error) {
      context.signal?.throwIfAborted()
      failure = toCnbError(error)
      if (!TREATED_AS_MISSING.has(failure.code)) throw failure
    }
    const present = await onEngine.find(reference, context)
    if (!present) throw failure
    const why = TREATED_AS_MISSING.has(failure.code) ? `: ${failure.message}` : ''
    // What came from a registry once may be newer there.
    const type = present.repoDigests.length > 0 ? 'warning' : 'debug'
    context.events?.({ type, message: `using the engine's copy of '${reference}'${why}` })
    return present
  }
}

/** A registry says of what it does not have that one may not see it. */
const TREATED_AS_MISSING = new Set<string>(['CNB_REGISTRY_DENIED', 'CNB_REGISTRY_UNREACHABLE'])
