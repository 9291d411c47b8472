/** The layers of an engine's images as the blobs that its content store has of them; a graph-driver engine has none. */

import type { Readable } from 'node:stream'
import type { Context } from '../../base/events.ts'
import type { Content } from '../../docker/engine.ts'
import { numberOf, recordOf, recordsOf, stringOf } from '../../formats/lenient-values.ts'
import { MAX_CONFIG_BYTES } from '../../oci/config.ts'
import type { Descriptor } from '../../oci/descriptor.ts'
import { isDigest, type Digest } from '../../oci/digest.ts'
import { OCI_LAYER, ociLayerType } from '../../oci/media-types.ts'
import type { Image } from '../image.ts'

/** More manifests of one platform than any index has. */
const MAX_MANIFESTS = 8
/** What containerd writes on a blob that it has unpacked: the digest of what came out. */
const UNCOMPRESSED_LABEL = 'containerd.io/uncompressed'

/**
 * What the manifests behind an image say of its layers: blobs by diffID, with OCI media types. They need not be there or be
 * what is said of them. Undefined where the engine does not show its content at all, for every image has a manifest.
 * @throws CnbError CNB_ENGINE_*
 */
export async function namedBlobs(
  content: Content,
  { id, platform }: Pick<Image, 'id' | 'platform'>,
  context: Context = {},
): Promise<ReadonlyMap<Digest, Descriptor> | undefined> {
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

/** An index may leave the platform out; what is for none, such as an attestation, says `unknown`. */
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
 * The first of `named` that the store has whole and that is that layer beyond doubt: by its own digest, or by what the engine
 * found when it unpacked the blob. A manifest alone proves nothing; some tools leave empty blobs for the layers of a base.
 * Last comes the layer's own uncompressed blob, whoever has it.
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

/** A JSON object in the store, empty when it is malformed; undefined when there is no such blob. */
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

/** Nothing, when it is too large to be what it should be. */
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
