/** Where a build finds the image that it takes the place of, and puts the new one: engine, registries, or both. */

import { CnbError, toCnbError } from '../../base/errors.ts'
import { decide, type Context } from '../../base/events.ts'
import type { EngineImageStore } from '../../images/engine/engine-source.ts'
import type { Image, ImageSink, ImageSource } from '../../images/image.ts'
import type { LayerBlobs } from '../../images/layers/layer-blobs.ts'
import { openRegistryImages } from '../../images/remote/registry-source.ts'
import { openSinks } from '../../images/sinks/open-sinks.ts'
import type { Sink, SinkServices } from '../../images/sinks/sink.ts'
import { toRegistry } from '../../images/sinks/to-registry.ts'
import type { BuildPlan } from '../../lifecycle/lifecycle.ts'
import type { Platform } from '../../oci/platform.ts'
import type { Reference } from '../../oci/reference.ts'
import type { Registries } from '../../registry/registry.ts'
import { isEngineOnly } from './build-sinks.ts'

/** How a build talks with registries; absent where it has nothing to do with any. */
export interface Publishing {
  readonly registries: Registries
  readonly sinks: readonly Sink[]
  /** Of all images of the build: what the app's and the cache's have in common is compressed and sent once. */
  readonly blobs: LayerBlobs
}

export type BuildStore = ImageSource & ImageSink

export function openBuildStore(
  images: EngineImageStore,
  publishing: Publishing | undefined,
  { builder, image }: Pick<BuildPlan, 'builder' | 'image'>,
): BuildStore {
  if (!publishing || isEngineOnly(publishing.sinks)) return images
  const { registries, sinks, blobs } = publishing
  const { platform } = builder.image
  const published = openRegistryImages(registries, platform)
  const services: SinkServices = { engine: images, registries, blobs, published, platform }
  const all = openSinks(sinks.map((sink) => ({ sink, images: sink.open(services) })), blobs, published)
  const previous = sinks[0]?.previous?.(image, services) ?? published
  return {
    find: (reference, context) => previous.find(reference, context),
    save: (plan, context) => all.save(plan, context),
  }
}

/** Where cache images are, whatever becomes of the app's. */
export function openCacheImages({ registries, blobs }: Publishing, platform: Platform): BuildStore {
  const published = openRegistryImages(registries, platform)
  const sink = toRegistry()
  const images = openSinks([{ sink, images: sink.open({ registries, blobs }) }], blobs, published)
  return { find: (reference, context) => published.find(reference, context), save: (plan, context) => images.save(plan, context) }
}

/**
 * Sees that all names can be given before any work is done for them.
 * @throws CnbError CNB_REGISTRY_DENIED, CNB_REGISTRY_UNREACHABLE
 */
export async function checkPublishing({ registries, sinks }: Publishing, tags: readonly Reference[], context: Context): Promise<void> {
  await Promise.all(sinks.map(async (sink) => sink.check?.(tags, registries, context)))
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
      if (found) {
        decide(context, { kind: 'image', name: reference }, 'read from its registry', 'the engine does not get the image that is built on it')
        return found
      }
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
    decide(context, { kind: 'image', name: reference }, "the engine's copy", failure.message)
    return present
  }
}

/** A registry says of what it does not have that one may not see it. */
const TREATED_AS_MISSING = new Set<string>(['CNB_REGISTRY_DENIED', 'CNB_REGISTRY_UNREACHABLE'])
