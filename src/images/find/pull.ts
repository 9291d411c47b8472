/** When images are pulled, and finding one under such a policy. */

import { CnbError, toCnbError } from '../../base/errors.ts'
import { decide, type Context } from '../../base/events.ts'
import { isImageId } from '../../oci/digest.ts'
import { formatPlatform, platformMatches, type Platform } from '../../oci/platform.ts'
import { parseReference } from '../../oci/reference.ts'
import { describeEngineImages } from '../engine/engine-source.ts'
import type { Image, ImageSource } from '../image.ts'
import { copiesOf, pullThroughMirrors, type PullServices } from './mirrored-pull.ts'

/** `always` asks the registry each time, `if-not-present` only for what the engine lacks, `never` not at all. */
export type PullPolicy = 'always' | 'if-not-present' | 'never'

/**
 * What a build or rebase is for is today's base images with their fixes, and pack does the same. An image that exists only
 * on the engine costs one refused request: a registry that nobody can reach is told within 30 ms (measured, Engine 20.10 and
 * 28.5), and the engine's copy then serves.
 */
const DEFAULT_PULL_POLICY: PullPolicy = 'always'

/** The policy to follow, from the option, else the configuration file, else the default; a decision. */
export function decidePullPolicy(option: PullPolicy | undefined, configured: PullPolicy | undefined, context: Context): PullPolicy {
  const policy = option ?? configured ?? DEFAULT_PULL_POLICY
  const source = option !== undefined ? '--pull-policy says so' : configured !== undefined ? 'the configuration file says so' : 'it is the default'
  decide(context, { kind: 'pull policy', name: policy }, 'applied', source)
  return policy
}

export interface FindImageServices extends PullServices {
  /** Where the image is looked up; without it the image's layers cannot be opened. */
  readonly images?: ImageSource
}

/**
 * The image of that name, or ID, on the engine, after a pull where the policy wants one.
 * @throws CnbError CNB_IMAGE_NOT_FOUND, CNB_PULL_FAILED, CNB_PLATFORM_MISMATCH, CNB_IMAGE_INVALID, CNB_REFERENCE_INVALID, CNB_ENGINE_*
 */
export async function findImage(reference: string, policy: PullPolicy, services: FindImageServices, context: Context = {}): Promise<Image> {
  const { engine, images = describeEngineImages(engine), platform } = services
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
  checkWhole(image)
  if (platform && !platformMatches(image.platform, platform)) throw mismatch(image, platform, policy)
  return image
}

function whyPulled(policy: PullPolicy, present: Image | undefined): string {
  if (policy === 'always') return 'the pull policy is always'
  return `the pull policy is ${policy}, and the engine has ${present ? `it for ${formatPlatform(present.platform)} only` : 'no copy'}`
}

function whyNotPulled(policy: PullPolicy, reference: string): string {
  if (isImageId(reference)) return 'an image ID names an image of the engine'
  return `the pull policy is ${policy}${policy === 'never' ? '' : ', and the engine has it'}`
}

/** A digest stands for the same image at a mirror, whose name is the only one that an engine has for it after a pull from there. */
async function findPresent(reference: string, { mirrors }: PullServices, images: ImageSource, context: Context): Promise<Image | undefined> {
  const own = await images.find(reference, context)
  const parsed = parseReference(reference)
  if (own || parsed.digest === undefined) return own
  for (const copy of copiesOf(parsed, mirrors)) {
    const found = await findNamed(copy, reference, images, context)
    if (found) return found
  }
  return undefined
}

/** The image that the engine has under `name`, as the one that is called `reference`. */
async function findNamed(name: string, reference: string, images: ImageSource, context: Context): Promise<Image | undefined> {
  const image = await images.find(name, context)
  return image && name !== reference ? { ...image, reference } : image
}

/**
 * Lets the engine's own copy stand in for the registry's when there is none, or nobody can ask.
 * @throws any other failure: a registry that refuses us may well have a newer image
 */
function fallBack(error: unknown, reference: string, present: Image, context: Context): void {
  const { events } = context
  const useCopy = (why: string): void => decide(context, { kind: 'image', name: reference }, 'not pulled', why)
  // The cause has the words of the image's own registry alone.
  const { code, message, cause } = toCnbError(error)
  if (code === 'CNB_IMAGE_NOT_FOUND') {
    useCopy('no registry has it, and the engine does')
  } else if (code === 'CNB_PULL_FAILED' && UNREACHABLE.test(cause instanceof Error ? cause.message : message)) {
    // What came from no registry cannot be older there; a containerd store gives everything a digest, and hides which is which.
    const type = present.repoDigests.length > 0 ? 'warning' : 'debug'
    events?.({ type, message: `using the engine's copy of '${reference}', which may be old: ${message}` })
    useCopy(`no registry can be asked: ${message}`)
  } else if (code === 'CNB_PULL_FAILED') {
    const login = `docker login ${parseReference(reference).registry}`
    const hint = `The engine has a copy: --pull-policy if-not-present uses it. If the image is private, '${login}'.`
    throw new CnbError(code, message, { hint, cause })
  } else {
    throw error
  }
}

/** How Go's network errors tell that there was nobody to talk to; the engine passes them on as text only. */
const UNREACHABLE = new RegExp(
  [
    ...['no such host', 'server misbehaving', 'temporary failure in name resolution', 'connection refused', 'connection reset'],
    ...['network is unreachable', 'no route to host', 'i/o timeout', 'TLS handshake timeout', 'deadline exceeded'],
    ...['Client\\.Timeout exceeded', 'proxyconnect'],
  ].join('|'),
  'i',
)

/**
 * Sees that the engine has all of the image. A containerd store that lost a blob, or one platform's part, still lists the image,
 * but says nothing of it (Engine 28.5); nor does a pull bring back a layer that is still unpacked.
 * @throws CnbError CNB_IMAGE_INVALID
 */
export function checkWhole({ reference, platform, layers }: Image): void {
  if (platform.os !== '' || layers.length > 0) return
  throw new CnbError('CNB_IMAGE_INVALID', `the engine has lost a part of image '${reference}'`, {
    hint: `Remove it with 'docker image rm ${reference}', and pull or build it again.`,
  })
}

function notFound(reference: string, policy: PullPolicy): CnbError {
  const never = 'The pull policy is never: use --pull-policy if-not-present, or pull the image first.'
  const hint = policy === 'never' ? never : 'Check the name and the tag.'
  return new CnbError('CNB_IMAGE_NOT_FOUND', `the engine has no image '${reference}'`, { hint })
}

function mismatch(image: Image, wanted: Platform, policy: PullPolicy): CnbError {
  const message = `image '${image.reference}' is for ${formatPlatform(image.platform)}, but ${formatPlatform(wanted)} is needed`
  const never = 'The pull policy is never: use --pull-policy always to look for one in the registry.'
  return new CnbError('CNB_PLATFORM_MISMATCH', message, { hint: policy === 'never' ? never : 'Choose another image.' })
}
