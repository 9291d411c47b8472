/** The two archive formats for loading an image into an engine, without layers that the engine has. */

import type { TarEntry } from '../../archive/tar/tar-writer.ts'
import type { Context } from '../../base/events.ts'
import { digestOf, hexOf, type Digest } from '../../oci/digest.ts'
import { OCI_LAYER, ociLayerType } from '../../oci/media-types.ts'
import type { Layer } from '../image.ts'

/** A blob of an archive, in a file named after its digest. */
export interface ArchivedBlob {
  readonly digest: Digest
  /** In bytes. */
  readonly size: number
  readonly content: TarEntry['content']
}

export interface DockerArchiveOptions {
  /** The number of layers, from the bottom, with empty files. */
  readonly omitted: number
  /** Whether layers with a gzip blob are sent as this blob: the engine decompresses it and verifies the diff ID. */
  readonly compressed: boolean
  /** The files of the layers that precede these entries in the archive. */
  readonly files?: ReadonlyMap<Digest, string> | undefined
}

/**
 * Returns the entries of a docker-archive (Docker image specification v1.2, "Combined Image JSON + Filesystem Changeset Format") without
 * names. Each layer has its own file, even an empty one: podman rejects one file for two layers.
 */
export async function dockerArchive(
  config: Buffer,
  layers: readonly Layer[],
  { omitted, compressed, files }: DockerArchiveOptions,
  context: Context = {},
): Promise<TarEntry[]> {
  const nameOf = (diffId: Digest): string => files?.get(diffId) ?? `${hexOf(diffId)}.tar`
  const configName = `${hexOf(digestOf(config))}.json`
  const manifest = Buffer.from(JSON.stringify([{ Config: configName, RepoTags: null, Layers: layers.map(({ diffId }) => nameOf(diffId)) }]))
  const blobs = await layerBlobs(layers.slice(omitted).filter(({ diffId }) => !files?.has(diffId)), context, compressed)
  const sent = new Set([...(files?.keys() ?? []), ...blobs.map(({ digest }) => digest)])
  const empty = new Set(layers.map(({ diffId }) => diffId).filter((diffId) => !sent.has(diffId)))
  return [
    file(configName, config),
    ...[...empty].map((diffId) => file(nameOf(diffId), Buffer.alloc(0))),
    ...blobs.map(({ digest, size, content }) => sizedFile(nameOf(digest), size, content)),
    file('manifest.json', manifest),
  ]
}

const OCI_LAYOUT = Buffer.from('{"imageLayoutVersion":"1.0.0"}')

/** Returns the entries of an OCI archive (OCI image-spec, image-layout.md) of one image without a name. @param blobs the configuration and layers */
export function ociArchive(manifest: { mediaType: string; content: Buffer }, blobs: readonly ArchivedBlob[]): TarEntry[] {
  const { mediaType, content } = manifest
  const digest = digestOf(content)
  const index = { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: [{ mediaType, digest, size: content.length }] }
  const all = [...blobs, { digest, size: content.length, content }]
  return [
    file('oci-layout', OCI_LAYOUT),
    ...all.map((blob) => sizedFile(`blobs/sha256/${hexOf(blob.digest)}`, blob.size, blob.content)),
    file('index.json', Buffer.from(JSON.stringify(index))),
  ]
}

/** Returns the layers with their diff IDs, each once. @param compressed whether a layer's gzip blob takes the place of its tar */
export async function layerBlobs(layers: readonly Layer[], { signal }: Context = {}, compressed = false): Promise<ArchivedBlob[]> {
  const blobs: ArchivedBlob[] = []
  for (const layer of new Map(layers.map((each) => [each.diffId, each])).values()) {
    const { diffId, blob } = layer
    if (blob && compressed && hasGzipBlob(layer)) blobs.push({ digest: diffId, size: blob.descriptor.size, content: () => blob.open(signal) })
    else blobs.push({ digest: diffId, size: await sizeOf(layer, signal), content: () => layer.open(signal) })
  }
  return blobs
}

/** Determines the sizes of layers of unknown size; some of them are sent meanwhile (early-load.ts). */
export async function measureLayers(layers: readonly Layer[]): Promise<void> {
  for (const layer of layers) if (layer.size === undefined) await layer.measure?.()
}

/** Whether the layer has a blob that every engine decompresses; not all support zstd. */
export function hasGzipBlob({ blob }: Layer): boolean {
  return blob !== undefined && ociLayerType(blob.descriptor.mediaType) === `${OCI_LAYER}+gzip`
}

/** A tar header contains the size before the content: a layer of unknown size is read an additional time. */
async function sizeOf(layer: Layer, signal: AbortSignal | undefined): Promise<number> {
  if (layer.size !== undefined) return layer.size
  let size = 0
  for await (const chunk of await layer.open(signal)) size += (chunk as Buffer).length
  return size
}

function file(name: string, content: Buffer): TarEntry {
  return sizedFile(name, content.length, content)
}

export function sizedFile(name: string, size: number, content: TarEntry['content']): TarEntry {
  return { type: 'file', name, mode: 0o644, uid: 0, gid: 0, mtime: 0, size, content }
}
