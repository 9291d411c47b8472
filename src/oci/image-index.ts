/** Encodes image indexes (OCI image-spec, image-index.md) with the bytes of go-containerregistry. */

import { encodeGoObject, encodeGoString, encodeGoValue, isGoEmpty } from '../formats/go/json.ts'
import type { Descriptor } from './descriptor.ts'
import { OCI_INDEX } from './media-types.ts'
import type { Platform } from './platform.ts'

/** The content of an index. */
export interface ImageIndex {
  /** Default: OCI's. */
  readonly mediaType?: string
  readonly manifests: readonly Descriptor[]
  readonly annotations?: Readonly<Record<string, string>> | undefined
}

/** Encodes an index; equal entries in the same order have equal bytes. */
export function encodeIndex({ mediaType = OCI_INDEX, manifests, annotations }: ImageIndex): Buffer {
  return Buffer.from(encodeGoObject([
    ['schemaVersion', '2'],
    ['mediaType', encodeGoString(mediaType)],
    ['manifests', `[${manifests.map(encodeDescriptor).join(',')}]`],
    ['annotations', optional(annotations)],
  ]))
}

/** Encodes a descriptor. */
export function encodeDescriptor({ mediaType, size, digest, annotations, platform, artifactType }: Descriptor): string {
  return encodeGoObject([
    ['mediaType', encodeGoString(mediaType)],
    ['size', encodeGoValue(size)],
    ['digest', encodeGoString(digest)],
    ['annotations', optional(annotations)],
    ['platform', platform && encodePlatform(platform)],
    ['artifactType', optional(artifactType)],
  ])
}

function encodePlatform({ architecture, os, osVersion, osFeatures, variant }: Platform): string {
  return encodeGoObject([
    ['architecture', encodeGoString(architecture)],
    ['os', encodeGoString(os)],
    ['os.version', optional(osVersion)],
    ['os.features', optional(osFeatures)],
    ['variant', optional(variant)],
  ])
}

function optional(value: unknown): string | undefined {
  return isGoEmpty(value) ? undefined : encodeGoValue(value)
}
