/** Images of Builds on the engine: nothing is pushed. */

import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import { formatReference, parseTag } from '../../../oci/reference.ts'
import type { Keychain } from '../../../registry/auth/keychain.ts'
import type { Build, BuildStatus } from '../../../resources/kinds/build.ts'
import { rebase } from '../../rebase/rebase.ts'
import type { ReconcileScope } from '../scope.ts'
import { readEngineImage } from './built-image.ts'

/** Warns of settings without effect for an image on the engine. */
export function warnOfUnused({ spec: { cache } }: Build, context: Context): void {
  const tag = cache?.registry?.tag
  if (tag) context.events?.({ type: 'warning', message: `the cache image '${tag}' is not used: with --to engine, the cache is in the engine's volumes` })
}

/** Moves the last image to the Build's run image, under all tags. @throws CnbError as rebase, CNB_INTERNAL */
export async function rebaseOnEngine(build: Build, credentials: Keychain, scope: ReconcileScope, context: Context): Promise<BuildStatus> {
  const { tags: [image, ...tags], lastBuild, runImage } = build.spec
  if (image === undefined || lastBuild?.image === undefined) throw new CnbError('CNB_INTERNAL', 'cannot rebase an image that was never built')
  const services = await scope.engine()
  const { registryMirrors } = scope.options
  // Names are by digest, so the engine's copy is right.
  const options = { image, previousImage: lastBuild.image, runImage: runImage?.image, registryMirrors, force: true, pullPolicy: 'if-not-present' } as const
  const { id } = await rebase(options, { ...services, credentials }, context)
  for (const tag of tags) await services.engine.images.tag(id, formatReference(parseTag(tag)), context)
  return readEngineImage(id, runImageOf(build), services.engine, context)
}

/** Returns the run image with its digest, by which the next decision recognises another. */
export function runImageOf({ spec: { runImage } }: Build): string {
  return runImage?.image ?? ''
}
