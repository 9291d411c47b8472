/** The changes that a build made, found by reading the image that it replaces and the new image. */

import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import type { ImageServices, LocateOptions } from '../inspect/locate-image.ts'
import type { RegistryOptions } from '../config/registry-settings.ts'
import { compareSides, type ImageDiff } from './diff.ts'
import { readSide, type Side } from './side.ts'

/** The new image; `diff` compares it with the replaced one, if there was one. */
export interface BuildChanges {
  readonly layers: Side['layers']
  /** The number of packages, each version counted; undefined without an SBOM. */
  readonly packages: number | undefined
  readonly diff: ImageDiff | undefined
}

/** The image in its first place (BuildResult.places). */
export interface BuiltName {
  readonly place: string
  readonly image: string
  readonly platform?: string | undefined
}

/** Returns undefined if the image does not exist, or if it cannot be read: a build replaces it anyway. */
export async function readReplaced(name: BuiltName, settings: RegistryOptions, places: ImageServices, context: Context): Promise<Side | undefined> {
  const [reference, options] = addressOf(name, name.image)
  if (reference === undefined) return undefined
  try {
    const side = await readSide(reference, { ...settings, ...options }, places, context)
    // The engine may remove the image when its name moves to another.
    await side.packages()
    return side
  } catch (error) {
    context.signal?.throwIfAborted()
    if (!(error instanceof CnbError)) throw error
    if (error.code !== 'CNB_IMAGE_NOT_FOUND') context.events?.({ type: 'debug', message: `cannot read the image to replace: ${error.message}` })
    return undefined
  }
}

/**
 * Returns undefined for a place that images are not read from.
 * @param reference the new image, as the build's result names it
 * @throws CnbError those of readSide and compareSides
 */
export async function readChanges(name: BuiltName, reference: string, replaced: Side | undefined, settings: RegistryOptions, places: ImageServices, context: Context): Promise<BuildChanges | undefined> {
  const [address, options] = addressOf(name, reference)
  if (address === undefined) return undefined
  const side = await readSide(address, { ...settings, ...options }, places, context)
  const versions = await side.packages()
  const packages = versions && [...versions.values()].reduce((sum, { size }) => sum + size, 0)
  return { layers: side.layers, packages, diff: replaced && (await compareSides(replaced, side, {}, context)) }
}

function addressOf({ place, platform }: BuiltName, reference: string): [reference: string | undefined, options: LocateOptions] {
  if (place === 'engine') return [reference, { local: true, platform }]
  if (place === 'registry') return [reference, { remote: true, platform }]
  return [place.startsWith('oci:') ? place : undefined, { platform }]
}
