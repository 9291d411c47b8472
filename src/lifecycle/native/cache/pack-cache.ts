/**
 * Reads a cache in the stock lifecycle's format, which has no record.
 *
 * Every layer is read and verified first; a layer that does not match the metadata is ignored.
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
    buildpacks.push({ id: buildpack.id, version: buildpack.version, layers: Object.fromEntries(await reader.usableLayers(buildpack, context)) })
  }
  const files = isDigest(metadata.sbom) ? await reader.sbomFiles(metadata.sbom, context) : undefined
  const sbom = isDigest(metadata.sbom) && files ? { cache: { sha: metadata.sbom, files } } : {}
  const record: CacheRecord = { version: 2, sources: metadata.sources, uid, gid, buildpacks, sbom }
  return { record, contents: { entries: (id, layer, reading) => reader.entries(record, id, layer, reading) } }
}

class Reader {
  readonly #tars: LayerTars
  readonly #owner: { readonly uid: number; readonly gid: number }

  constructor(tars: LayerTars, owner: { readonly uid: number; readonly gid: number }) {
    this.#tars = tars
    this.#owner = owner
  }

  async usableLayers(buildpack: CachedBuildpack, context: Context): Promise<[string, CachedLayer][]> {
    const usable: [string, CachedLayer][] = []
    for (const [name, layer] of buildpack.layers) {
      if (!layer.cache || !isLayerName(name) || !isDigest(layer.sha)) continue
      if (await this.#isWhole(buildpack.id, name, layer.sha, context)) usable.push([name, { ...layer, sha: layer.sha, fingerprint: '' }])
    }
    return usable
  }

  async #isWhole(id: string, name: string, sha: Digest, context: Context): Promise<boolean> {
    const read = async (tar: AsyncIterable<TarReadEntry>): Promise<true> => {
      let count = 0
      for await (const _entry of layerEntries(tar, id, name, { ...this.#owner, mtime: 0 })) count++
      if (count === 0) throw new CnbError('CNB_RESTORE_FAILED', `the cached layer '${id}:${name}' is empty`)
      return true
    }
    return (await this.#tryRead(sha, `'${id}:${name}'`, read, context)) ?? false
  }

  /** Returns the files in base64; undefined, with a warning, if the layer is damaged or too large for memory. */
  async sbomFiles(sha: Digest, context: Context): Promise<Record<string, string> | undefined> {
    return this.#tryRead(sha, 'the SBOM files', async (tar) => {
      const files: Record<string, string> = {}
      let size = 0
      for await (const entry of tar) {
        const path = CACHE_SBOM.exec(entry.name.toString())?.[1]
        if (entry.type !== 'file' || path === undefined) continue
        size += entry.size
        if (size > MAX_METADATA_BYTES) throw new CnbError('CNB_RESTORE_FAILED', `they have more than ${MAX_METADATA_BYTES} bytes`)
        files[path] = (await buffer(entry.content)).toString('base64')
      }
      return files
    }, context)
  }

  async #tryRead<T>(
    sha: Digest,
    what: string,
    read: (tar: AsyncIterable<TarReadEntry>) => Promise<T>,
    context: Context,
  ): Promise<T | undefined> {
    try {
      const tar = await openLayerTar(this.#tars, sha, context)
      if (tar) return await read(tar)
      context.events?.({ type: 'warning', message: `the cache does not have ${what} (${sha})` })
    } catch (error) {
      if (!(error instanceof CnbError && error.code === 'CNB_RESTORE_FAILED')) throw error
      context.events?.({ type: 'warning', message: `cannot use ${what} of the cache: ${error.message}` })
    }
    return undefined
  }

  async *entries(record: CacheRecord, id: string, layer: string, context: Context): AsyncGenerator<TarEntry> {
    const sha = recordedLayer(record, id, layer)?.sha
    const tar = sha && (await openLayerTar(this.#tars, sha, context))
    if (!tar) {
      throw new CnbError('CNB_RESTORE_FAILED', `the cached layer '${id}:${layer}' no longer exists`, { hint: 'Build again: another build replaced the cache.' })
    }
    yield* layerEntries(tar, id, layer, { ...this.#owner, mtime: Math.floor(Date.now() / 1000) })
  }
}
