/** Finds the blobs of an image's layers in the containerd content store of an engine. */

import type { Readable } from 'node:stream'
import type { Context } from '../../base/events.ts'
import type { Content } from '../../docker/engine.ts'
import { numberOf, recordOf, recordsOf, stringOf } from '../../formats/lenient-values.ts'
import { MAX_CONFIG_BYTES } from '../../oci/config.ts'
import type { Descriptor } from '../../oci/descriptor.ts'
import { isDigest, type Digest } from '../../oci/digest.ts'
import { OCI_LAYER, ociLayerType } from '../../oci/media-types.ts'
import type { Image } from '../image.ts'

/** The limit on manifests of one platform in an index; real indexes have fewer. */
const MAX_MANIFESTS = 8
/** containerd's label on an unpacked blob: the digest of its uncompressed content. */
const UNCOMPRESSED_LABEL = 'containerd.io/uncompressed'

/** Blobs by the layers' diffIDs; undefined if the engine does not expose its content. */
export type NamedBlobs = ReadonlyMap<Digest, Descriptor> | undefined

/**
 * Returns the blobs that the image's manifests name, by diffID, with OCI media types. The blobs may be missing or have other content.
 * Returns undefined if the engine does not expose its content: every image has a manifest.
 * @throws CnbError CNB_ENGINE_*
 */
export async function namedBlobs(
  content: Content,
  { id, platform }: Pick<Image, 'id' | 'platform'>,
  context: Context = {},
): Promise<NamedBlobs> {
  const document = isDigest(id) ? await readDocument(content, id, context) : undefined
  if (!document) return undefined
  const manifests = recordsOf(document.manifests)
    .filter((each) => isForPlatform(recordOf(each.platform), platform))
    .slice(0, MAX_MANIFESTS)
  const blobs = new Map<Digest, Descriptor>()
  const add = async (manifest: Record<string, unknown>): Promise<void> => {
    for (const [diffId, blob] of await blobsOfManifest(content, manifest, context)) {
      if (!blobs.has(diffId)) blobs.set(diffId, blob)
    }
  }
  if (manifests.length === 0) await add(document)
  for (const { digest } of manifests) {
    const manifest = await documentAt(content, digest, context)
    if (manifest) await add(manifest)
  }
  return blobs
}

/** An index may omit the platform; entries without a platform, such as attestations, have `unknown`. */
function isForPlatform({ os, architecture }: Record<string, unknown>, platform: Image['platform']): boolean {
  return (os === undefined || os === platform.os) && (architecture === undefined || architecture === platform.architecture)
}

async function blobsOfManifest(content: Content, manifest: Record<string, unknown>, context: Context): Promise<[Digest, Descriptor][]> {
  const config = await documentAt(content, recordOf(manifest.config).digest, context)
  const diffIds: unknown[] = Array.isArray(recordOf(config?.rootfs).diff_ids) ? (recordOf(config?.rootfs).diff_ids as unknown[]) : []
  const layers = recordsOf(manifest.layers)
  if (diffIds.length !== layers.length) return []
  return layers.flatMap((layer, index): [Digest, Descriptor][] => {
    const [diffId, digest, size, mediaType] = [diffIds[index], stringOf(layer.digest), numberOf(layer.size), ociLayerType(stringOf(layer.mediaType) ?? '')]
    if (typeof diffId !== 'string' || !isDigest(diffId) || !digest || !isDigest(digest) || !size || !mediaType) return []
    return [[diffId, { mediaType, digest, size }]]
  })
}

/**
 * Returns the first of the `named` blobs that the store has with its size and that is verifiably the layer: by its digest, or by the
 * digest that the engine computed while unpacking it. A manifest is not sufficient: some tools leave empty blobs for layers of a base.
 * Falls back to the layer's uncompressed blob of any image. Returns undefined if the store has none of them.
 */
export async function findLayerBlob(
  content: Content,
  diffId: Digest,
  named: readonly (Descriptor | undefined)[],
  context: Context = {},
): Promise<Descriptor | undefined> {
  for (const blob of named) {
    const info = blob && (await content.info(blob.digest, context))
    if (blob && info?.size === blob.size && (blob.digest === diffId || info.labels[UNCOMPRESSED_LABEL] === diffId)) return blob
  }
  const own = await content.info(diffId, context)
  return own ? { mediaType: OCI_LAYER, digest: diffId, size: own.size } : undefined
}

function documentAt(content: Content, digest: unknown, context: Context): Promise<Record<string, unknown> | undefined> {
  return typeof digest === 'string' && isDigest(digest) ? readDocument(content, digest, context) : Promise.resolve(undefined)
}

/** Reads a JSON object from the store; a malformed document becomes an empty object. Returns undefined if the blob is missing. */
async function readDocument(content: Content, digest: Digest, context: Context): Promise<Record<string, unknown> | undefined> {
  const blob = await content.read(digest, context)
  if (!blob) return undefined
  const bytes = await readBounded(blob)
  try {
    return recordOf(JSON.parse(bytes.toString()))
  } catch {
    return {}
  }
}

/** Reads the blob; returns an empty buffer if the blob is larger than a document may be. */
async function readBounded(blob: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of blob) {
    size += (chunk as Buffer).length
    if (size > MAX_CONFIG_BYTES) return Buffer.alloc(0)
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks)
}
