/**
 * Reads a cache in the stock lifecycle's format, which has no record.
 *
 * A layer is verified while it is unpacked: one that does not match the metadata is then removed (content-uploads.ts).
 */

import { buffer } from 'node:stream/consumers'
import type { TarReadEntry } from '../../../archive/tar/tar-reader.ts'
import type { TarEntry } from '../../../archive/tar/tar-writer.ts'
import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import { type Digest, isDigest } from '../../../oci/digest.ts'
import type { BuildPlan } from '../../lifecycle.ts'
import { MAX_METADATA_BYTES } from '../metadata-limit.ts'
import { isBuildpackId, isLayerName } from '../metadata/safe-names.ts'
import type { CachedLayer, CacheRecord, KeptLayers } from '../model.ts'
import { type CachedBuildpack, readCacheMetadata } from './cache-metadata.ts'
import { layerEntries } from './cached-entries.ts'
import { type LayerTars, openLayerTar } from './layer-tars.ts'
import { recordedLayer } from './record.ts'

const CACHE_SBOM = /^\/?layers\/sbom\/cache\/(.+)$/

export type PackCache = Required<Pick<KeptLayers, 'record' | 'contents'>>

/** Returns undefined if the metadata is missing or malformed. */
export async function readPackCache(
  tars: LayerTars,
  builder: Pick<BuildPlan['builder'], 'uid' | 'gid'>,
  context: Context,
): Promise<PackCache | undefined> {
  const text = await tars.metadata(context)
  const metadata = text === undefined ? undefined : readCacheMetadata(text)
  if (!metadata) return undefined
  const { uid, gid } = builder
  const reader = new Reader(tars, { uid, gid })
  const buildpacks: CacheRecord['buildpacks'][number][] = []
  for (const buildpack of metadata.buildpacks) {
    // As in the lifecycle, the first of two buildpacks with the same ID applies.
    if (!isBuildpackId(buildpack.id) || buildpacks.some(({ id }) => id === buildpack.id)) continue
    buildpacks.push({ id: buildpack.id, version: buildpack.version, layers: Object.fromEntries(cachedLayers(buildpack)) })
  }
  const files = isDigest(metadata.sbom) ? await reader.sbomFiles(metadata.sbom, context) : undefined
  const sbom = isDigest(metadata.sbom) && files ? { cache: { sha: metadata.sbom, files } } : {}
  const record: CacheRecord = { version: 2, sources: metadata.sources, uid, gid, buildpacks, sbom, ...(metadata.launcher ? { launcher: metadata.launcher } : {}) }
  return { record, contents: { entries: (id, layer, reading) => reader.entries(record, id, layer, reading) } }
}

class Reader {
  readonly #tars: LayerTars
  readonly #owner: { readonly uid: number; readonly gid: number }

  constructor(tars: LayerTars, owner: { readonly uid: number; readonly gid: number }) {
    this.#tars = tars
    this.#owner = owner
  }

  /** Returns the files in base64; undefined, with a warning, if the layer is missing, damaged or too large for memory. */
  async sbomFiles(sha: Digest, context: Context): Promise<Record<string, string> | undefined> {
    const files: Record<string, string> = {}
    let size = 0
    try {
      for await (const entry of await this.#open(sha, 'the SBOM files', context)) {
        const path = CACHE_SBOM.exec(entry.name.toString())?.[1]
        if (entry.type !== 'file' || path === undefined) continue
        size += entry.size
        if (size > MAX_METADATA_BYTES) throw new CnbError('CNB_RESTORE_FAILED', `they have more than ${MAX_METADATA_BYTES} bytes`)
        files[path] = (await buffer(entry.content)).toString('base64')
      }
      return files
    } catch (error) {
      context.signal?.throwIfAborted()
      if (!(error instanceof CnbError)) throw error
      context.events?.({ type: 'warning', message: `cannot use the SBOM files of the cache: ${error.message}` })
      return undefined
    }
  }

  async *entries(record: CacheRecord, id: string, layer: string, context: Context): AsyncGenerator<TarEntry> {
    const tar = await this.#open(recordedLayer(record, id, layer)?.sha, 'the layer', context)
    yield* layerEntries(tar, id, layer, { ...this.#owner, mtime: Math.floor(Date.now() / 1000) })
  }

  async #open(sha: Digest | undefined, what: string, context: Context): Promise<AsyncIterable<TarReadEntry>> {
    const tar = sha && (await openLayerTar(this.#tars, sha, context))
    if (tar) return tar
    throw new CnbError('CNB_RESTORE_FAILED', `the cache does not have ${what} (${sha})`, { hint: 'Build again: another build replaced the cache.' })
  }
}

function cachedLayers({ layers }: CachedBuildpack): [string, CachedLayer][] {
  return [...layers].flatMap(([name, layer]): [string, CachedLayer][] => {
    const { sha } = layer
    return layer.cache && isLayerName(name) && isDigest(sha) ? [[name, { ...layer, sha, fingerprint: '' }]] : []
  })
}
