/** Finds the image of a build in all its places, under all its names. */

import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import type { Engine } from '../../../docker/engine.ts'
import type { EngineImageStore } from '../../../images/engine/engine-source.ts'
import type { Image } from '../../../images/image.ts'
import type { Sink } from '../../../images/sinks/sink.ts'
import { openRegistryImages } from '../../../images/remote/registry-source.ts'
import type { BuildPlan } from '../../../lifecycle/lifecycle.ts'
import type { ContainerConfig } from '../../../oci/config.ts'
import { familiarName } from '../../../oci/reference.ts'
import type { Publishing } from '../build-store.ts'
import type { RecordedImage } from './input-record.ts'

export interface SavedCopy {
  /** The place and the name, for messages. */
  readonly name: string
  /** Undefined if the place has no such image. */
  readonly image: (Pick<Image, 'id' | 'repoDigests' | 'index'> & { readonly config: ContainerConfig }) | undefined
  /** The ID as in the result of the build that saved the image. */
  readonly id: string
  readonly store: Sink['store']
}

/** Whether a copy is the recorded image. */
export function isRecorded({ image, store }: SavedCopy, { id, digest, index }: RecordedImage): boolean {
  if (store === 'engine') return image !== undefined && image.id === id
  if (index !== undefined && image?.index?.descriptor.digest !== index) return false
  return digest !== undefined && image !== undefined && image.id.endsWith(`@${digest}`)
}

/** Returns the copies on the engine, in the order of the names. @throws CnbError errors of the engine */
export function findOnEngine({ image: first, tags }: Pick<BuildPlan, 'image' | 'tags'>, engine: Pick<Engine, 'images'>, context: Context): Promise<SavedCopy[]> {
  return Promise.all([first, ...tags].map(async (tag) => {
    const name = familiarName(tag)
    const image = await engine.images.inspect(name, context)
    return { name, image, id: image?.id ?? '', store: 'engine' as const }
  }))
}

/** Returns the copies in the order of the sinks, and for each sink in the order of the names. @throws CnbError errors of the places */
export async function findSaved(plan: Pick<BuildPlan, 'image' | 'tags' | 'builder'>, engine: EngineImageStore, { registries, sinks, blobs }: Publishing, context: Context): Promise<SavedCopy[]> {
  const names = [plan.image, ...plan.tags]
  const { platform } = plan.builder.image
  const published = openRegistryImages(registries, platform)
  const services = { engine, registries, blobs, published, platform }
  return Promise.all(sinks.flatMap((sink) => names.map(async (tag) => {
    const name = familiarName(tag)
    const found = await (sink.previous?.(tag, services) ?? published).find(name, context).catch(invalid)
    const image = found && { ...found, config: found.config.config }
    const own = found?.id ?? ''
    const id = sink.idOf?.(tag, own.slice(own.lastIndexOf('@') + 1)) ?? own
    return { name: sinks.length > 1 ? `${name} (${sink.place})` : name, image, id, store: sink.store }
  })))
}

/** An image that cannot be read is not the recorded one; a build replaces it. */
function invalid(error: unknown): undefined {
  if (error instanceof CnbError && (error.code === 'CNB_IMAGE_INVALID' || error.code === 'CNB_PLATFORM_MISMATCH')) return undefined
  throw error
}
