/** Manifests and indexes (OCI image-spec, manifest.md and image-index.md), and Docker's equivalents. */

import { CnbError } from '../base/errors.ts'
import { numberOf, recordOf, stringMapOf, stringOf, stringsOf } from '../formats/lenient-values.ts'
import type { Descriptor } from './descriptor.ts'
import { isDigest } from './digest.ts'
import { malformed, readDocument } from './document.ts'
import { isIndexType, isManifestType, OCI_MANIFEST } from './media-types.ts'
import type { Platform } from './platform.ts'

export interface ImageManifest {
  readonly config: Descriptor
  /** From the bottom up. */
  readonly layers: readonly Descriptor[]
  readonly annotations?: Readonly<Record<string, string>> | undefined
}

/** The size limit of manifests and indexes in registries (OCI distribution-spec, "Pushing Manifests"), in bytes. */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024
/** More than any real image has: some registries accept no larger manifests. */
export const MAX_LAYERS = 10_000
const MAX_MANIFESTS = 1000

/**
 * Reads an image's manifest.
 * @param name the image's name in errors
 * @throws CnbError CNB_IMAGE_INVALID if it is not a manifest, CNB_UNSUPPORTED for the format before 2016
 */
export function readManifest(content: Buffer, name: string): ImageManifest {
  const document = readDocument(content, theManifest(name))
  if (document.schemaVersion === 1) {
    throw new CnbError('CNB_UNSUPPORTED', `the manifest of ${name} has schema version 1, which is obsolete`, {
      hint: 'Pull the image with an engine, and push it again.',
    })
  }
  if (!Array.isArray(document.layers) || document.layers.length > MAX_LAYERS) throw malformed(theManifest(name), 'it has no list of layers')
  return { config: readDescriptor(document.config, name), layers: document.layers.map((layer) => readDescriptor(layer, name)), annotations: document.annotations === undefined ? undefined : stringMapOf(document.annotations) }
}

/** Reads an index's descriptors. @param name the index's name in errors @throws CnbError CNB_IMAGE_INVALID */
export function readIndex(content: Buffer, name: string): Descriptor[] {
  const { manifests } = readDocument(content, theManifest(name))
  if (!Array.isArray(manifests)) throw malformed(theManifest(name), 'it has no list of manifests')
  if (manifests.length > MAX_MANIFESTS) throw malformed(theManifest(name), `it lists ${manifests.length} manifests, more than ${MAX_MANIFESTS}`)
  return manifests.map((manifest) => readDescriptor(manifest, name))
}

/** Whether the document is an index, by its media type or, if that is unknown, by its content. */
export function isIndex(mediaType: string, content: Buffer, name: string): boolean {
  if (isIndexType(mediaType)) return true
  return !isManifestType(mediaType) && Array.isArray(readDocument(content, theManifest(name)).manifests)
}

/** Encodes an OCI manifest; equal images have equal bytes. */
export function encodeManifest({ config, layers, annotations = {} }: ImageManifest): Buffer {
  const describe = ({ mediaType, digest, size }: Descriptor): Descriptor => ({ mediaType, digest, size })
  const sorted = Object.entries(annotations).sort(([a], [b]) => (a < b ? -1 : 1))
  const rest = sorted.length > 0 ? { annotations: Object.fromEntries(sorted) } : {}
  return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST, config: describe(config), layers: layers.map(describe), ...rest }))
}

/** Reads one descriptor. @throws CnbError CNB_IMAGE_INVALID if it has no digest or size */
function readDescriptor(value: unknown, name: string): Descriptor {
  const { mediaType, digest, size, platform, annotations, artifactType } = recordOf(value)
  const [found, bytes] = [stringOf(digest), numberOf(size)]
  if (found === undefined || !isDigest(found)) throw malformed(theManifest(name), 'one of its descriptors has no sha256 digest')
  if (bytes === undefined || !Number.isSafeInteger(bytes)) throw malformed(theManifest(name), `its descriptor of ${found} has no size`)
  return {
    mediaType: stringOf(mediaType) ?? '',
    digest: found,
    size: bytes,
    platform: platform === undefined ? undefined : readPlatform(recordOf(platform)),
    annotations: annotations === undefined ? undefined : stringMapOf(annotations),
    artifactType: stringOf(artifactType),
  }
}

function readPlatform({ os, architecture, variant, ...more }: Record<string, unknown>): Platform {
  const { 'os.version': osVersion, 'os.features': osFeatures } = more
  return {
    os: stringOf(os) ?? '',
    architecture: stringOf(architecture) ?? '',
    variant: stringOf(variant),
    osVersion: stringOf(osVersion),
    ...(Array.isArray(osFeatures) ? { osFeatures: stringsOf(osFeatures) } : {}),
  }
}

function theManifest(name: string): string {
  return `the manifest of ${name}`
}
