/** Pull policies, and finding an image by a policy. */

import { CnbError, toCnbError } from '../../base/errors.ts'
import { decide, type Context } from '../../base/events.ts'
import { isImageId } from '../../oci/digest.ts'
import { formatPlatform, platformMatches, type Platform } from '../../oci/platform.ts'
import { parseReference } from '../../oci/reference.ts'
import { describeEngineImages } from '../engine/engine-source.ts'
import type { Image, ImageSource } from '../image.ts'
import { namesOnMirrors, pullThroughMirrors, type PullServices } from './mirrored-pull.ts'

/** `always` pulls each time, `if-not-present` only images that the engine lacks, `never` not at all. */
export type PullPolicy = 'always' | 'if-not-present' | 'never'

/**
 * Builds and rebases should use current base images with their fixes; pack has the same default. For an image that exists only on the
 * engine, it costs one rejected request: an unreachable registry fails within 30 ms (measured with Engine 20.10 and 28.5), and the
 * engine's copy is used.
 */
const DEFAULT_PULL_POLICY: PullPolicy = 'always'

/** The policy of the configuration, and the environment variable that it is from, if any. */
interface ConfiguredPolicy {
  readonly pullPolicy?: PullPolicy
  readonly setBy?: { readonly 'pull-policy'?: string }
}

/** Returns the policy of the option, the configuration or the default, in this order, and reports it as a decision. */
export function decidePullPolicy(option: PullPolicy | undefined, { pullPolicy: configured, setBy }: ConfiguredPolicy, context: Context): PullPolicy {
  const policy = option ?? configured ?? DEFAULT_PULL_POLICY
  const place = setBy?.['pull-policy'] === undefined ? 'in the configuration file' : `by ${setBy['pull-policy']}`
  const source = option !== undefined ? 'it is set by --pull-policy' : configured !== undefined ? `it is set ${place}` : 'it is the default'
  decide(context, { kind: 'pull policy', name: policy }, 'applied', source)
  return policy
}

export interface FindImageServices extends PullServices {
  /** The source of the image; without it, the image's layers cannot be opened. */
  readonly images?: ImageSource
}

/**
 * Returns the engine's image with the name or ID, after a pull if the policy requires it.
 * @throws CnbError CNB_IMAGE_NOT_FOUND, CNB_PULL_FAILED, CNB_PLATFORM_MISMATCH, CNB_IMAGE_INVALID, CNB_REFERENCE_INVALID, CNB_ENGINE_*
 */
export async function findImage(reference: string, policy: PullPolicy, services: FindImageServices, context: Context = {}): Promise<Image> {
  const { engine, platform, images = describeEngineImages(engine, platform) } = services
  const present = await findPresent(reference, services, images, context)
  const fits = present !== undefined && (!platform || platformMatches(present.platform, platform))
  let image = present
  const wanted = policy === 'always' || (policy === 'if-not-present' && !fits)
  if (wanted && !isImageId(reference)) {
    try {
      const name = await pullThroughMirrors(reference, services, context)
      decide(context, { kind: 'image', name: reference }, 'pulled', whyPulled(policy, present))
      image = await findNamed(name, reference, images, context)
    } catch (error) {
      if (!present) throw error
      fallBack(error, reference, present, context)
    }
  } else if (present) {
    decide(context, { kind: 'image', name: reference }, 'not pulled', whyNotPulled(policy, reference))
  }
  if (!image) throw notFound(reference, policy)
  checkComplete(image)
  if (platform && !platformMatches(image.platform, platform)) throw mismatch(image, platform, policy)
  return image
}

function whyPulled(policy: PullPolicy, present: Image | undefined): string {
  if (policy === 'always') return 'the pull policy is always'
  return `the pull policy is ${policy}, and the engine has ${present ? `only a copy for ${formatPlatform(present.platform)}` : 'no copy'}`
}

function whyNotPulled(policy: PullPolicy, reference: string): string {
  if (isImageId(reference)) return 'an image ID refers to an image on the engine'
  return `the pull policy is ${policy}${policy === 'never' ? '' : ', and the engine has the image'}`
}

/**
 * Finds the image on the engine. An image with a digest is also looked up by its names on mirrors: after a pull from a mirror, the engine
 * has only that name. Returns undefined if the engine does not have the image.
 */
async function findPresent(reference: string, { mirrors }: PullServices, images: ImageSource, context: Context): Promise<Image | undefined> {
  const own = await images.find(reference, context)
  const parsed = parseReference(reference)
  if (own || parsed.digest === undefined) return own
  for (const copy of namesOnMirrors(parsed, mirrors)) {
    const found = await findNamed(copy, reference, images, context)
    if (found) return found
  }
  return undefined
}

/** Finds the image `name` on the engine, and returns it with the name `reference`. */
async function findNamed(name: string, reference: string, images: ImageSource, context: Context): Promise<Image | undefined> {
  const image = await images.find(name, context)
  return image && name !== reference ? { ...image, reference } : image
}

/**
 * Accepts the engine's copy if the registry does not have the image, is unreachable or answers no more requests for now.
 * @throws any other failure: a registry that denies access may have a newer image
 */
function fallBack(error: unknown, reference: string, present: Image, context: Context): void {
  const { events } = context
  const useCopy = (why: string): void => decide(context, { kind: 'image', name: reference }, 'not pulled', why)
  // The cause has only the error of the image's own registry, without those of mirrors.
  const { code, message, cause } = toCnbError(error)
  if (code === 'CNB_IMAGE_NOT_FOUND') {
    useCopy('the engine has the image, and no registry has it')
  } else if (code === 'CNB_PULL_FAILED' && UNAVAILABLE.test(cause instanceof Error ? cause.message : message)) {
    // An image without a registry digest was built here and cannot be old. (On a containerd store, every image has a digest.)
    const type = present.repoDigests.length > 0 ? 'warning' : 'debug'
    events?.({ type, message: `using the engine's copy of '${reference}', which may be old: ${message}` })
    useCopy(`the registry is unavailable: ${message}`)
  } else if (code === 'CNB_PULL_FAILED') {
    const login = `docker login ${parseReference(reference).registry}`
    const hint = `Use --pull-policy if-not-present for the engine's copy, or '${login}' for a private image.`
    throw new CnbError(code, message, { hint, cause })
  } else {
    throw error
  }
}

/** Go's network errors for an unreachable registry, and a registry's rate limit; the engine returns them only as text. */
const UNAVAILABLE = new RegExp(
  [
    ...['no such host', 'server misbehaving', 'temporary failure in name resolution', 'connection refused', 'connection reset'],
    ...['network is unreachable', 'no route to host', 'i/o timeout', 'TLS handshake timeout', 'deadline exceeded'],
    ...['Client\\.Timeout exceeded', 'proxyconnect', 'toomanyrequests', '429 Too Many Requests'],
  ].join('|'),
  'i',
)

/**
 * Checks that the image is complete. If a containerd store has lost a blob or the content of a platform, it still lists the image, but
 * without its data (Engine 28.5). A pull does not restore the blob of a layer that is still unpacked.
 * @throws CnbError CNB_IMAGE_INVALID
 */
export function checkComplete({ reference, platform, layers }: Image): void {
  if (platform.os !== '' || layers.length > 0) return
  throw new CnbError('CNB_IMAGE_INVALID', `the engine has lost content of image '${reference}'`, {
    hint: `Remove the image with 'docker image rm ${reference}', and pull or build it again.`,
  })
}

function notFound(reference: string, policy: PullPolicy): CnbError {
  const never = 'Use --pull-policy if-not-present instead of never, or pull the image first.'
  const hint = policy === 'never' ? never : 'Check the name and the tag.'
  return new CnbError('CNB_IMAGE_NOT_FOUND', `the engine has no image '${reference}'`, { hint })
}

function mismatch(image: Image, wanted: Platform, policy: PullPolicy): CnbError {
  const message = `image '${image.reference}' is for ${formatPlatform(image.platform)}, but ${formatPlatform(wanted)} is needed`
  const never = 'Use --pull-policy always instead of never to search the registry.'
  return new CnbError('CNB_PLATFORM_MISMATCH', message, { hint: policy === 'never' ? never : 'Use another image.' })
}
