/** Finds package images: on the engine, or in their registry without a pull. */

import { CnbError } from '../../base/errors.ts'
import { decide, type Context } from '../../base/events.ts'
import type { PullPolicy } from '../../images/find/find-image.ts'
import { findRegistryFirst } from '../../images/find/registry-first.ts'
import type { Image, ImageSource } from '../../images/image.ts'

/** The stores of package images. */
export interface PackageStores {
  /** The engine's images, with readable layers; undefined without an engine. */
  readonly engine: ImageSource | undefined
  /** The images of registries, through the cache of downloads; with the policy `never`, only those in the cache. */
  readonly registry: ImageSource
}

/**
 * Finds a package. From a registry, only manifest and configuration are read now; each layer is read when it is needed.
 * With the policy `always` the registry's image is current, and the engine's is used only if no registry has one.
 * @throws CnbError CNB_IMAGE_NOT_FOUND, CNB_PLATFORM_MISMATCH, CNB_IMAGE_INVALID, CNB_REGISTRY_*, CNB_ENGINE_*
 */
export async function findPackage(reference: string, policy: PullPolicy, { engine, registry }: PackageStores, context: Context): Promise<Image> {
  const subject = { kind: 'image', name: reference } as const
  const present = policy === 'always' ? undefined : await engine?.find(reference, context)
  if (present) {
    decide(context, subject, "the engine's copy", `the pull policy is ${policy}, and the engine has the image`)
    return present
  }
  const missing =
    policy === 'never'
      ? notFound(reference, 'it is neither on the engine nor in the cache', 'Use --pull-policy if-not-present instead of never.')
      : notFound(reference, 'no registry and no engine has it', 'Check the name and the tag; write a path as ./NAME.')
  const { image, copy } = await findRegistryFirst(reference, { registry, engine: policy === 'always' ? engine : undefined, missing }, context)
  if (!copy) {
    decide(context, subject, policy === 'never' ? 'read from the cache' : 'read from its registry', 'only the layers that are needed are downloaded')
    return image
  }
  decide(context, subject, "the engine's copy", copy.reason)
  const type = copy.unreadable && image.repoDigests.length > 0 ? 'warning' : 'debug'
  context.events?.({ type, message: `using the engine's copy of '${reference}': ${copy.reason}` })
  return image
}

function notFound(reference: string, why: string, hint: string): CnbError {
  return new CnbError('CNB_IMAGE_NOT_FOUND', `cannot find package '${reference}': ${why}`, { hint })
}
