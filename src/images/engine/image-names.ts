/** Names of an image on an engine, given all or none. */

import { throwIfAborted } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import type { EngineImage, EngineImages } from '../../docker/engine.ts'
import type { Digest } from '../../oci/digest.ts'

type Naming = Pick<EngineImages, 'inspect' | 'tag' | 'remove'>

/** The images that have certain names, by name; undefined where none has it. */
export type Holders = ReadonlyMap<string, EngineImage | undefined>

/** An image that is to be on the engine: its config as it is there, and how to look for it by its ID. */
export interface WantedImage {
  readonly config: Buffer
  readonly find: (id: Digest) => Promise<EngineImage | undefined>
}

/** Asks the engine for all at once. */
export async function findHolders(images: Pick<Naming, 'inspect'>, names: readonly string[], context: Context = {}): Promise<Holders> {
  return new Map(await Promise.all(names.map(async (name) => [name, await images.inspect(name, context)] as const)))
}

/**
 * Gives the image all names that `holders` has. When one fails, names that were given go back to the images that had them, and an
 * image that is left without any name goes away.
 * @throws what the engine refused with; what fails while names go back is not told, for it would hide that
 */
export async function nameImage(images: Naming, id: string, holders: Holders, context: Context = {}): Promise<void> {
  const given: { name: string; before: string | undefined }[] = []
  try {
    for (const [name, holder] of holders) {
      throwIfAborted(context.signal)
      const before = holder?.id
      given.push({ name, before })
      if (before !== id) await images.tag(id, name, context)
    }
  } catch (error) {
    for (const { name, before } of given.reverse()) {
      if (before !== id) await giveBack(images, id, name, before).catch(() => {})
    }
    await removeNameless(images, id).catch(() => {})
    throw error
  }
}

/** No signal here: after an interrupt, too, names must not point at two different builds. */
async function giveBack(images: Naming, id: string, name: string, before: string | undefined): Promise<void> {
  if (before !== undefined) await images.tag(before, name)
  else if ((await images.inspect(name))?.id === id) await images.remove(name)
}

/** Removes an image that has no name: one that was loaded only to be given names. */
export async function removeNameless(images: Pick<Naming, 'inspect' | 'remove'>, id: string): Promise<void> {
  const image = await images.inspect(id)
  if (image?.tags.length === 0) await images.remove(id)
}
