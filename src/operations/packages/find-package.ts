/** Finds package images: on the engine, or in their registry without a pull. */

import { CnbError, toCnbError } from '../../base/errors.ts'
import { decide, type Context } from '../../base/events.ts'
import type { PullPolicy } from '../../images/find/find-image.ts'
import type { Image, ImageSource } from '../../images/image.ts'

/** The stores of package images. */
export interface PackageStores {
  /** The engine's images, with readable layers; undefined without an engine. */
  readonly engine: ImageSource | undefined
  /** The images of registries, through the cache of downloads; with the policy `never`, only those in the cache. */
  readonly registry: ImageSource
}

/** Registries deny access to repositories that do not exist. */
const TREATED_AS_MISSING = new Set<string>(['CNB_REGISTRY_DENIED', 'CNB_REGISTRY_UNREACHABLE'])

/**
 * Finds a package. From a registry, only manifest and configuration are read now; each layer is read when it is needed.
 * With the policy `always` the registry's image is current, and the engine's is used only if no registry has one.
 * @throws CnbError CNB_IMAGE_NOT_FOUND, CNB_PLATFORM_MISMATCH, CNB_IMAGE_INVALID, CNB_REGISTRY_*, CNB_ENGINE_*
 */
export async function findPackage(reference: string, policy: PullPolicy, { engine, registry }: PackageStores, context: Context): Promise<Image> {
  const onEngine = async (reason: string): Promise<Image | undefined> => {
    const image = await engine?.find(reference, context)
    if (image) decide(context, { kind: 'image', name: reference }, "the engine's copy", reason)
    return image
  }
  if (policy !== 'always') {
    const present = await onEngine(`the pull policy is ${policy}, and the engine has the image`)
    if (present) return present
  }
  let failure =
    policy === 'never'
      ? notFound(reference, 'it is neither on the engine nor in the cache', 'Use --pull-policy if-not-present instead of never.')
      : notFound(reference, 'no registry and no engine has it', 'Check the name and the tag; write a path as ./NAME.')
  try {
    const found = await registry.find(reference, context)
    if (found) {
      decide(context, { kind: 'image', name: reference }, policy === 'never' ? 'read from the cache' : 'read from its registry', 'only the layers that are needed are downloaded')
      return found
    }
  } catch (error) {
    context.signal?.throwIfAborted()
    failure = toCnbError(error)
    if (!TREATED_AS_MISSING.has(failure.code)) throw failure
  }
  const present = policy === 'always' ? await onEngine(failure.message) : undefined
  if (!present) throw failure
  // A registry that cannot be read may have a newer image.
  const type = TREATED_AS_MISSING.has(failure.code) && present.repoDigests.length > 0 ? 'warning' : 'debug'
  context.events?.({ type, message: `using the engine's copy of '${reference}': ${failure.message}` })
  return present
}

function notFound(reference: string, why: string, hint: string): CnbError {
  return new CnbError('CNB_IMAGE_NOT_FOUND', `cannot find package '${reference}': ${why}`, { hint })
}
