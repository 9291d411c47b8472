/** Signs images, and states their provenance. */

import { toCnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import type { Digest } from '../../../oci/digest.ts'
import { contextName, parseReference, type Reference } from '../../../oci/reference.ts'
import type { Registries } from '../../../registry/registry.ts'
import { encodeEnvelope, envelopeLayer, PREDICATE_TYPE } from '../../../signing/dsse.ts'
import { SLSA_PROVENANCE } from '../../../signing/provenance.ts'
import { isSignature, signatureLayer, signaturePayload } from '../../../signing/simple-signing.ts'
import type { AccountKey } from './account-keys.ts'
import { attach } from './attach.ts'

export interface SignServices {
  readonly registries: Registries
  /** Whether OCI 1.1 referrers are stored too, in registries that list them. */
  readonly hasReferrers: boolean
}

/** A signature in the status of a builder. */
export interface StoredSignature {
  readonly signingSecret: string
  readonly targetDigest: string
}

/**
 * Signs an image with each key, and keeps other signatures. A key that signed exactly this before does not sign again.
 * @param name the image by its digest
 * @throws CnbError CNB_SIGNING_FAILED, CNB_REGISTRY_* and others with the image's name
 */
export async function signImage(name: string, keys: readonly AccountKey[], annotations: Readonly<Record<string, string>>, services: SignServices, context: Context): Promise<StoredSignature[]> {
  const image = imageOf(name)
  const payload = signaturePayload(contextName(image), image.digest, annotations)
  const signatures: StoredSignature[] = []
  for (const repository of new Set(keys.map((key) => key.repository))) {
    const together = keys.filter((key) => key.repository === repository)
    const options = {
      attachment: 'sig',
      ...(repository === undefined ? {} : { repository }),
      hasDockerMediaTypes: together.some(({ hasDockerMediaTypes }) => hasDockerMediaTypes),
      asReferrer: services.hasReferrers,
    } as const
    const targetDigest = await named('sign', name, () => attach(image, (stored) => ({
      keep: stored,
      add: together.flatMap(({ key }) => (stored.some((layer) => isSignature(layer, payload, key)) ? [] : [signatureLayer(payload, key)])),
    }), options, services.registries, context))
    signatures.push(...together.map((key) => ({ signingSecret: `k8s://${key.namespace}/${key.name}`, targetDigest })))
  }
  return signatures
}

/**
 * Stores the provenance of an image, signed with each key, in place of an older one; other attestations stay.
 * @returns the name of the attestations by their digest
 * @throws CnbError as signImage
 */
export function attestImage(name: string, statement: Buffer, keys: readonly AccountKey[], { registries, hasReferrers }: SignServices, context: Context): Promise<string> {
  const layer = envelopeLayer(encodeEnvelope(statement, keys), SLSA_PROVENANCE)
  return named('store the provenance of', name, () => attach(imageOf(name), (stored) => ({
    keep: stored.filter(({ annotations }) => annotations?.[PREDICATE_TYPE] !== SLSA_PROVENANCE),
    add: [layer],
  }), { attachment: 'att', asReferrer: hasReferrers }, registries, context))
}

function imageOf(name: string): Reference & { readonly digest: Digest } {
  return parseReference(name) as Reference & { readonly digest: Digest }
}

async function named<T>(verb: string, name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const cause = toCnbError(error)
    throw cause.withMessage(`cannot ${verb} ${name}, which is pushed already: ${cause.message}`)
  }
}
