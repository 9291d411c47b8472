/** Stores signatures and attestations of an image in its registry, where cosign looks for them. */

import { Readable } from 'node:stream'
import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import type { Descriptor } from '../../../oci/descriptor.ts'
import { digestOf, type Digest } from '../../../oci/digest.ts'
import { readManifest } from '../../../oci/manifest.ts'
import { DOCKER_MANIFEST, OCI_MANIFEST } from '../../../oci/media-types.ts'
import { contextName, parseReference, type Reference } from '../../../oci/reference.ts'
import type { Registries, Repository } from '../../../registry/registry.ts'
import { attachmentTag, signatureImage, signatureReferrer, type Attachment, type SignatureImage } from '../../../signing/signature-image.ts'
import type { SignatureLayer } from '../../../signing/simple-signing.ts'

/** The most layers that cosign reads. */
const MAX_LAYERS = 1000

export interface AttachOptions {
  readonly attachment: Attachment
  /** The repository to store them in; default: the image's. */
  readonly repository?: string
  /** Whether a first signature has Docker's media types. */
  readonly hasDockerMediaTypes?: boolean
  /** Whether a referrer is stored too, if the registry lists referrers. */
  readonly asReferrer: boolean
}

/**
 * Adds layers to an image's signatures or attestations.
 * @param image registry, repository and digest
 * @param choose returns the layers to keep and to add; without any to add, nothing is written
 * @returns the name of the stored image by its digest
 * @throws CnbError CNB_SIGNING_FAILED, CNB_REGISTRY_*, CNB_IMAGE_INVALID, CNB_REFERENCE_INVALID
 */
export async function attach(
  image: Reference & { readonly digest: Digest },
  choose: (stored: readonly Descriptor[]) => { keep: readonly Descriptor[]; add: readonly SignatureLayer[] },
  { attachment, repository: other, hasDockerMediaTypes = false, asReferrer }: AttachOptions,
  registries: Registries,
  context: Context,
): Promise<string> {
  const target = other === undefined ? image : parseReference(other)
  const repository = registries.repository(target, 'push')
  const tag = attachmentTag(image.digest, attachment)
  const stored = await repository.manifest(tag, context)
  const { keep, add } = choose(stored ? readManifest(stored.content, `${repository.name}:${tag}`).layers : [])
  const nameOf = ({ digest }: Pick<Descriptor, 'digest'>): string => `${contextName(target)}@${digest}`
  if (stored && add.length === 0) return nameOf(stored.descriptor)
  const layers = [...keep, ...add.map(({ descriptor }) => descriptor)]
  if (layers.length > MAX_LAYERS) {
    throw new CnbError('CNB_SIGNING_FAILED', `cannot add to ${repository.name}:${tag}: it has ${keep.length} entries, and cosign reads at most ${MAX_LAYERS}`, { hint: 'Delete the tag in the registry.' })
  }
  for (const { content } of add) await sendBlob(content, repository, context)
  const tagged = await put(tag, signatureImage(layers, stored?.descriptor.mediaType ?? (hasDockerMediaTypes ? DOCKER_MANIFEST : OCI_MANIFEST)), repository, context)
  const subject = asReferrer && other === undefined ? await subjectOf(image.digest, repository, context) : undefined
  if (subject) {
    const referrer = signatureReferrer(layers, attachment, subject)
    await put(digestOf(referrer.manifest), referrer, repository, context)
  }
  return nameOf(tagged)
}

/** Returns the image's descriptor if the registry lists its referrers. */
async function subjectOf(digest: Digest, repository: Repository, context: Context): Promise<Descriptor | undefined> {
  return (await repository.listsReferrers(digest, context)) ? repository.resolve(digest, context) : undefined
}

async function put(reference: string, { mediaType, manifest, config }: SignatureImage, repository: Repository, context: Context): Promise<Descriptor> {
  await sendBlob(config, repository, context)
  return repository.putManifest(reference, { mediaType, content: manifest }, context)
}

async function sendBlob(content: Buffer, repository: Repository, context: Context): Promise<void> {
  const descriptor = { digest: digestOf(content), size: content.length }
  if (await repository.hasBlob(descriptor.digest, context)) return
  await repository.uploadBlob({ descriptor, content, open: async () => Readable.from([content]) }, context)
}
