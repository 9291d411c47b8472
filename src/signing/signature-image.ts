/** Images of signatures and attestations: cosign's layout, with the bytes of go-containerregistry. */

import { encodeGoObject, encodeGoString } from '../formats/go/json.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import { digestOf, hexOf, type Digest } from '../oci/digest.ts'
import { encodeDescriptor } from '../oci/image-index.ts'
import { DOCKER_CONFIG, DOCKER_MANIFEST, OCI_CONFIG, OCI_MANIFEST } from '../oci/media-types.ts'

/** Go's zero time: these images have no age. */
const NO_TIME = '0001-01-01T00:00:00Z'

const EMPTY_CONFIG = 'application/vnd.oci.empty.v1+json'
const SIGNATURES = 'application/vnd.dev.cosign.artifact.sig.v1+json'

export type Attachment = 'sig' | 'att'

const REFERRERS: Readonly<Record<Attachment, { readonly artifactType: string; readonly configType: string }>> = {
  sig: { artifactType: SIGNATURES, configType: SIGNATURES },
  att: { artifactType: 'application/vnd.in-toto+json', configType: EMPTY_CONFIG },
}

/** A manifest and its configuration. */
export interface SignatureImage {
  readonly mediaType: string
  readonly manifest: Buffer
  readonly config: Buffer
}

/** Returns the tag of an image's signatures or attestations. */
export function attachmentTag(digest: Digest, attachment: Attachment): string {
  return `sha256-${hexOf(digest)}.${attachment}`
}

/** Returns the image of the layers. @param mediaType OCI's or Docker's */
export function signatureImage(layers: readonly Descriptor[], mediaType: string): SignatureImage {
  const config = configOf(layers)
  const configType = mediaType === DOCKER_MANIFEST ? DOCKER_CONFIG : OCI_CONFIG
  return { mediaType, config, manifest: encode(mediaType, describe(config, configType), layers, []) }
}

/** Returns the layers as a referrer of their subject (OCI 1.1), as cosign writes it with `--registry-referrers-mode oci-1-1`. */
export function signatureReferrer(layers: readonly Descriptor[], attachment: Attachment, subject: Descriptor): SignatureImage {
  const { artifactType, configType } = REFERRERS[attachment]
  const config = configType === EMPTY_CONFIG ? Buffer.from('{}') : configOf(layers)
  const { mediaType, size, digest } = subject
  const more = [['subject', encodeDescriptor({ mediaType, size, digest })], ['artifactType', encodeGoString(artifactType)]] as const
  return { mediaType: OCI_MANIFEST, config, manifest: encode(OCI_MANIFEST, describe(config, configType), layers, more) }
}

function describe(content: Buffer, mediaType: string): Descriptor {
  return { mediaType, size: content.length, digest: digestOf(content) }
}

function encode(mediaType: string, config: Descriptor, layers: readonly Descriptor[], more: readonly (readonly [string, string])[]): Buffer {
  return Buffer.from(encodeGoObject([
    ['schemaVersion', '2'],
    ['mediaType', encodeGoString(mediaType)],
    ['config', encodeDescriptor(config)],
    ['layers', `[${layers.map(encodeDescriptor).join(',')}]`],
    ...more,
  ]))
}

/** The layers are not compressed: their digests are also those of the content. */
function configOf(layers: readonly Descriptor[]): Buffer {
  const created = encodeGoString(NO_TIME)
  return Buffer.from(encodeGoObject([
    ['architecture', '""'],
    ['created', created],
    ['history', `[${layers.map(() => encodeGoObject([['created', created]])).join(',')}]`],
    ['os', '""'],
    ['rootfs', encodeGoObject([['type', '"layers"'], ['diff_ids', `[${layers.map(({ digest }) => encodeGoString(digest)).join(',')}]`]])],
    ['config', '{}'],
  ]))
}
