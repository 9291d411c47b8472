/** Finds an image in its registry, or else the engine's copy. */

import { toCnbError, type CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import type { Image, ImageSource } from '../image.ts'

/** The stores to search, and the error if neither has the image. */
export interface RegistryFirst {
  readonly registry: ImageSource
  /** Undefined if only the registry may provide the image. */
  readonly engine: ImageSource | undefined
  readonly missing: CnbError
}

export interface FoundFirst {
  readonly image: Image
  /** Why the engine's copy is used; absent for the registry's image. An unreadable registry may have a newer image. */
  readonly copy?: { readonly reason: string; readonly unreadable: boolean }
}

/** Registries deny access to repositories that do not exist. */
const TREATED_AS_MISSING = new Set<string>(['CNB_REGISTRY_DENIED', 'CNB_REGISTRY_UNREACHABLE'])

/** @throws CnbError `missing`, the error of an unreadable registry if the engine has no copy, and any other error of a store */
export async function findRegistryFirst(reference: string, { registry, engine, missing }: RegistryFirst, context: Context): Promise<FoundFirst> {
  let failure = missing
  try {
    const image = await registry.find(reference, context)
    if (image) return { image }
  } catch (error) {
    context.signal?.throwIfAborted()
    failure = toCnbError(error)
    if (!TREATED_AS_MISSING.has(failure.code)) throw failure
  }
  const image = await engine?.find(reference, context)
  if (!image) throw failure
  return { image, copy: { reason: failure.message, unreadable: failure !== missing } }
}
