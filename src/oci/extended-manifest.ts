/** Adds layers to a manifest as go-containerregistry does (pkg/v1/manifest.go): all else stays. */

import { encodeGoObject, encodeGoString, encodeGoValue, isGoEmpty } from '../formats/go/json.ts'
import { recordOf, recordsOf, stringMapOf, stringOf } from '../formats/lenient-values.ts'
import type { Descriptor } from './descriptor.ts'
import { readDocument } from './document.ts'
import { readManifest } from './manifest.ts'

/** A descriptor, which may have more members in its manifest. */
export interface StoredDescriptor extends Descriptor {
  readonly data?: unknown
  readonly urls?: unknown
}

/** Returns the descriptors of a manifest's layers, with all members. @param name the image's name in errors @throws CnbError CNB_IMAGE_INVALID */
export function storedLayers(manifest: Buffer, name: string): StoredDescriptor[] {
  const { layers } = readManifest(manifest, name)
  const stored = recordsOf(readDocument(manifest, `the manifest of ${name}`).layers)
  return layers.map((layer, at) => ({ ...layer, ...stored[at] }))
}

/**
 * Returns the manifest with more layers and another configuration.
 * @param name the image's name in errors
 * @throws CnbError CNB_IMAGE_INVALID
 */
export function extendManifest(manifest: Buffer, added: readonly StoredDescriptor[], config: Buffer, { digest }: Pick<Descriptor, 'digest'>, name: string): Buffer {
  const base = storedLayers(manifest, name)
  const { mediaType, annotations, config: described } = readDocument(manifest, `the manifest of ${name}`)
  const { data, ...own } = recordOf(described)
  return Buffer.from(encodeGoObject([
    ['schemaVersion', '2'],
    ['mediaType', optional(stringOf(mediaType))],
    ['config', encodeDescriptor({ ...own, digest, size: config.length, ...(data === undefined || data === null ? {} : { data: config.toString('base64') }) })],
    ['layers', `[${[...base, ...added].map(encodeDescriptor).join(',')}]`],
    ['annotations', optional(stringMapOf(annotations))],
  ]))
}

function encodeDescriptor(descriptor: object): string {
  const { mediaType, size, digest, data, urls, annotations, platform, artifactType } = descriptor as Record<string, unknown>
  return encodeGoObject([
    ['mediaType', encodeGoString(stringOf(mediaType) ?? '')],
    ['size', encodeGoValue(size)],
    ['digest', encodeGoValue(digest)],
    ['data', optional(data)],
    ['urls', optional(urls)],
    ['annotations', optional(annotations)],
    ['platform', optional(platform)],
    ['artifactType', optional(artifactType)],
  ])
}

function optional(value: unknown): string | undefined {
  return isGoEmpty(value) ? undefined : encodeGoValue(value)
}
