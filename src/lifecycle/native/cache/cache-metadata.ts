/**
 * The cache metadata, `io.buildpacks.lifecycle.cache.metadata` (lifecycle platform/cache.go).
 *
 * Additional keys have the code sources of the layers and the builder's launcher; the lifecycle neither reads nor writes them.
 */

import { CnbError } from '../../../base/errors.ts'
import { FieldReader } from '../../../formats/field-reader.ts'
import { isTable } from '../../../formats/lenient-values.ts'
import { compareBytes, encodeGoObject, encodeGoString, encodeGoValue } from '../../../formats/go/json.ts'
import { labelJson } from '../export/label-json.ts'
import { parseExactJson } from '../../../formats/go/exact-json.ts'
import type { KnownLayer } from '../metadata/restore-rules.ts'
import type { CacheRecord, CodeSource, KnownLauncher } from '../model.ts'
import { readLauncher, readSource } from './record.ts'

export const CACHE_METADATA = 'io.buildpacks.lifecycle.cache.metadata'

const SOURCES = 'dev.cnb.sources'
const LAUNCHER = 'dev.cnb.launcher'

export interface CacheMetadata {
  /** Empty if the native driver did not write the metadata; the sources are then unknown. */
  readonly sources: readonly CodeSource[]
  /** The diffID of the layer with the SBOM files; empty without one. */
  readonly sbom: string
  readonly buildpacks: readonly CachedBuildpack[]
  /** Spares builds on other machines from reading the launcher. */
  readonly launcher?: KnownLauncher | undefined
}

export interface CachedBuildpack {
  readonly id: string
  readonly version: string
  readonly layers: ReadonlyMap<string, KnownLayer>
}

/** Parses the metadata. Returns undefined if it is malformed; the lifecycle treats that as an empty cache. */
export function readCacheMetadata(text: string): CacheMetadata | undefined {
  try {
    const value = parseExactJson(text)
    if (!isTable(value)) return undefined
    const fields = new FieldReader(value, [], (_path, message) => new CnbError('CNB_IMAGE_INVALID', message))
    const launcher = fields.table(LAUNCHER)
    return {
      sources: fields.tables(SOURCES).map(readSource),
      sbom: fields.table('sbom')?.string('sha') ?? '',
      buildpacks: fields.tables('buildpacks').map(readBuildpack),
      ...(launcher ? { launcher: readForeignLauncher(launcher) } : {}),
    }
  } catch {
    return undefined
  }
}

/** @throws Error for a version that no lifecycle has: it becomes part of the image's labels */
function readForeignLauncher(fields: FieldReader): KnownLauncher {
  const launcher = readLauncher(fields)
  if (!/^[ -~]{0,200}$/.test(launcher.version)) throw new Error('the version has other characters')
  return launcher
}

function readBuildpack(fields: FieldReader): CachedBuildpack {
  const layers = fields.table('layers')
  return {
    id: fields.string('key') ?? '',
    version: fields.string('version') ?? '',
    layers: new Map(layers?.keys().flatMap((name) => {
      const layer = layers.table(name)
      return layer ? [[name, readLayer(layer)] as const] : []
    })),
  }
}

function readLayer(fields: FieldReader): KnownLayer {
  return {
    sha: fields.string('sha') ?? '',
    data: fields.value('data') ?? null,
    build: fields.boolean('build') ?? false,
    launch: fields.boolean('launch') ?? false,
    cache: fields.boolean('cache') ?? false,
  }
}

/** Returns the metadata of a record's layers. */
export function cacheMetadata({ sources, buildpacks, sbom, launcher }: CacheRecord): CacheMetadata {
  const layersOf = (layers: CacheRecord['buildpacks'][number]['layers']): ReadonlyMap<string, KnownLayer> => new Map(Object.entries(layers))
  return {
    sources,
    sbom: sbom.cache?.sha ?? '',
    buildpacks: buildpacks.map(({ id, version, layers }) => ({ id, version, layers: layersOf(layers) })),
    launcher,
  }
}

/**
 * Returns the text of the metadata file, byte for byte as the stock exporter writes it, with the additional keys as the last ones.
 * @throws CnbError CNB_EXPORT_FAILED for data that JSON cannot represent
 */
export function writeCacheMetadata({ sources, sbom, buildpacks, launcher }: CacheMetadata): string {
  const list = buildpacks.length === 0 ? 'null' : `[${buildpacks.map(buildpackJson).join(',')}]`
  const own: [string, string][] = [
    ...(sources.length === 0 ? [] : [[SOURCES, encodeGoValue(sources)] satisfies [string, string]]),
    ...(launcher ? [[LAUNCHER, encodeGoValue(launcher)] satisfies [string, string]] : []),
  ]
  return `${encodeGoObject([['sbom', encodeGoObject([['sha', encodeGoString(sbom)]])], ['buildpacks', list], ...own])}\n`
}

function buildpackJson({ id, version, layers }: CachedBuildpack): string {
  const sorted = [...layers].sort(([a], [b]) => compareBytes(a, b))
  return encodeGoObject([
    ['key', encodeGoString(id)],
    ['version', encodeGoString(version)],
    ['layers', encodeGoObject(sorted.map(([name, layer]) => [name, layerJson(`${id}:${name}`, layer)]))],
  ])
}

function layerJson(what: string, { sha, data, build, launch, cache }: KnownLayer): string {
  return encodeGoObject([
    ['sha', encodeGoString(sha)],
    ['data', labelJson(data, `the metadata of layer '${what}'`)],
    ['build', String(build)],
    ['launch', String(launch)],
    ['cache', String(cache)],
  ])
}
