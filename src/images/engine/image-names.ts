/** Sets an image's names on an engine, all or none. */

import { throwIfAborted } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import type { EngineImage, EngineImages } from '../../docker/engine.ts'
import type { Digest } from '../../oci/digest.ts'
import type { EarlyLoad } from './early-load.ts'
import type { LayerStore } from './layer-store.ts'

type Naming = Pick<EngineImages, 'inspect' | 'tag' | 'remove'>

/** Images by name; undefined if no image has the name. */
export type Holders = ReadonlyMap<string, EngineImage | undefined>

/** An image to load: its encoded configuration, and a search on the engine by ID. */
export interface WantedImage {
  readonly config: Buffer
  /** A load that may have some of the layers already. */
  readonly early: EarlyLoad | undefined
  readonly find: (id: Digest) => Promise<EngineImage | undefined>
  readonly namedBlobs: LayerStore['namedBlobs']
}

/** Inspects the image of each name, concurrently. */
export async function findHolders(images: Pick<Naming, 'inspect'>, names: readonly string[], context: Context = {}): Promise<Holders> {
  return new Map(await Promise.all(names.map(async (name) => [name, await images.inspect(name, context)] as const)))
}

/**
 * Sets all names of `holders` on the image. After a failure, names return to their previous images, and the image is removed
 * if it has no name left.
 * @throws the engine's error; errors while names are restored are ignored, as they would hide it
 */
export async function nameImage(images: Naming, id: string, holders: Holders, context: Context = {}): Promise<void> {
  const moved: { name: string; before: string | undefined }[] = []
  try {
    for (const [name, holder] of holders) {
      throwIfAborted(context.signal)
      const before = holder?.id
      moved.push({ name, before })
      if (before !== id) await images.tag(id, name, context)
    }
  } catch (error) {
    for (const { name, before } of moved.reverse()) {
      if (before !== id) await restoreName(images, id, name, before).catch(() => {})
    }
    await removeNameless(images, id).catch(() => {})
    throw error
  }
}

/** Takes no signal: also after an interrupt, the names must not point to two different builds. */
async function restoreName(images: Naming, id: string, name: string, before: string | undefined): Promise<void> {
  if (before !== undefined) await images.tag(before, name)
  else if ((await images.inspect(name))?.id === id) await images.remove(name)
}

/** Removes the image if it has no name. */
export async function removeNameless(images: Pick<Naming, 'inspect' | 'remove'>, id: string): Promise<void> {
  const image = await images.inspect(id)
  if (image?.tags.length === 0) await images.remove(id)
}
