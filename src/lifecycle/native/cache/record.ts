/** The record of the layers in the `layers` volume, written by a build for the next build. */

import { CnbError } from '../../../base/errors.ts'
import { FieldReader } from '../../../formats/field-reader.ts'
import { isTable } from '../../../formats/lenient-values.ts'
import { digestOf, type Digest, isDigest } from '../../../oci/digest.ts'
import type { BuildPlan } from '../../lifecycle.ts'
import { labelJson } from '../export/label-json.ts'
import { parseExactJson } from '../../../formats/go/exact-json.ts'
import { isBuildpackId, isLayerName } from '../metadata/safe-names.ts'
import type { BuiltBuildpack, BuiltLayer, CachedLayer, CacheRecord, CodeSource, KnownApp, KnownLauncher } from '../model.ts'
import { codeSources } from './code-sources.ts'
import { markFloats, readFloats } from './typed-data.ts'

/** Files by their paths relative to `/layers/sbom/<kind>`. */
interface SbomLayerFiles {
  readonly sha: Digest
  readonly files: ReadonlyMap<string, Buffer>
}

export interface RecordInput {
  readonly plan: Pick<BuildPlan, 'builder' | 'buildpacks'>
  readonly buildpacks: readonly BuiltBuildpack[]
  /** Returns the diffID and the fingerprint of a layer's directory; undefined if the layer cannot be cached. */
  readonly contents: (buildpackId: string, layer: BuiltLayer) => { readonly sha: Digest; readonly fingerprint: string } | undefined
  readonly sbom: { readonly launch?: SbomLayerFiles; readonly cache?: SbomLayerFiles }
  readonly launcher?: KnownLauncher
  readonly app?: KnownApp
}

/** Returns a layer's entry in the record. Any name is safe, including `__proto__`. */
export function recordedLayer(record: CacheRecord | undefined, buildpackId: string, layer: string): CachedLayer | undefined {
  const layers = record?.buildpacks.find(({ id }) => id === buildpackId)?.layers ?? {}
  return Object.hasOwn(layers, layer) ? layers[layer] : undefined
}

/** Returns the record of all layers with `cache = true` and contents; layers for launch only are not recorded. */
export function makeRecord({ plan, buildpacks, contents, sbom, launcher, app }: RecordInput): CacheRecord {
  return {
    version: 2,
    // Layers taken over from earlier builds have no other sources: external ones are not reused.
    sources: codeSources(plan),
    uid: plan.builder.uid,
    gid: plan.builder.gid,
    buildpacks: buildpacks.map(({ buildpack: { id, version }, layers }) => ({
      id,
      version,
      layers: Object.fromEntries(layers.flatMap((layer) => {
        const { name, data, build, launch, cache, hasContents, malformed } = layer
        if (!cache || !hasContents || malformed !== undefined) return []
        const found = contents(id, layer)
        return found ? [[name, { ...found, data: data ?? null, build, launch, cache } satisfies CachedLayer]] : []
      })),
    })),
    sbom: { ...sbomMember('launch', sbom.launch), ...sbomMember('cache', sbom.cache) },
    ...(launcher ? { launcher } : {}),
    ...(app ? { app } : {}),
  }
}

function sbomMember(kind: 'launch' | 'cache', layer: SbomLayerFiles | undefined): CacheRecord['sbom'] {
  if (!layer) return {}
  const files = Object.fromEntries([...layer.files].map(([path, content]) => [path, content.toString('base64')]))
  return { [kind]: { sha: layer.sha, files } }
}

/**
 * Returns the record as text: a line with a digest, then JSON with that digest, by which a partly written record is detected.
 * @throws CnbError CNB_EXPORT_FAILED for data that JSON cannot represent
 */
export function writeRecord(record: CacheRecord): string {
  const buildpacks = record.buildpacks.map(({ layers, ...buildpack }) => ({
    ...buildpack,
    layers: Object.fromEntries(Object.entries(layers).map(([name, layer]) => [name, { ...layer, data: markFloats(layer.data) }])),
  }))
  const json = labelJson({ ...record, buildpacks }, 'the cache record')
  return `${digestOf(json)}\n${json}`
}

/** Parses a record. Returns undefined unless the text is the complete output of writeRecord. */
export function readRecord(text: string): CacheRecord | undefined {
  const end = text.indexOf('\n')
  const json = text.slice(end + 1)
  if (end < 0 || text.slice(0, end) !== digestOf(json)) return undefined
  try {
    const value = parseExactJson(json)
    return isTable(value) ? recordOf(new FieldReader(value, [], (_path, message) => new CnbError('CNB_IMAGE_INVALID', message))) : undefined
  } catch {
    return undefined
  }
}

function recordOf(fields: FieldReader): CacheRecord {
  check(fields.value('version') === 2)
  const launcher = fields.table('launcher')
  const app = fields.table('app')
  const sbom = fields.table('sbom')
  const launch = sbom?.table('launch')
  const cache = sbom?.table('cache')
  const record: CacheRecord = {
    version: 2,
    sources: fields.tables('sources').map(readSource),
    uid: integer(fields, 'uid'),
    gid: integer(fields, 'gid'),
    buildpacks: fields.tables('buildpacks').map(buildpackOf),
    sbom: { ...(launch ? { launch: sbomOf(launch) } : {}), ...(cache ? { cache: sbomOf(cache) } : {}) },
    ...(launcher ? { launcher: readLauncher(launcher) } : {}),
    ...(app ? { app: appOf(app) } : {}),
  }
  // A record without sources would be accepted with every builder.
  check(record.sources.length > 0)
  fields.rejectUnknown()
  return record
}

function buildpackOf(fields: FieldReader): CacheRecord['buildpacks'][number] {
  const id = fields.requiredString('id')
  check(isBuildpackId(id))
  const layers = fields.table('layers')
  return { id, version: fields.requiredString('version'), layers: entriesOf(layers, (name) => layerOf(name, layers?.table(name))) }
}

function layerOf(name: string, fields: FieldReader | undefined): CachedLayer {
  check(fields !== undefined && isLayerName(name) && fields.boolean('cache') === true)
  const fingerprint = fields.string('fingerprint')
  check(fingerprint !== undefined && /^[\w:-]{1,128}$/.test(fingerprint))
  const [build, launch] = [fields.boolean('build'), fields.boolean('launch')]
  check(build !== undefined && launch !== undefined)
  return { sha: digest(fields, 'sha'), data: readFloats(fields.value('data') ?? null), build, launch, cache: true, fingerprint }
}

function sbomOf(fields: FieldReader): NonNullable<CacheRecord['sbom']['cache']> {
  const files = fields.table('files')
  return { sha: digest(fields, 'sha'), files: entriesOf(files, (path) => files?.string(path) ?? '') }
}

/** Reads the launcher in the record or in a cache's metadata. @throws Error, CnbError if it is malformed */
export function readLauncher(fields: FieldReader): KnownLauncher {
  const { builder, version } = { builder: fields.requiredString('builder'), version: fields.string('version') ?? '' }
  return { builder, diffId: digest(fields, 'diffId'), size: integer(fields, 'size'), version }
}

function appOf(fields: FieldReader): KnownApp {
  const [status, sent, left] = [fields.requiredString('status'), fields.requiredString('sent'), fields.requiredString('left')]
  const [directory, slices] = [fields.requiredString('directory'), fields.requiredString('slices')]
  const layers = fields.tables('layers').map((layer) => ({
    diffId: digest(layer, 'diffId'),
    size: integer(layer, 'size'),
    createdBy: layer.requiredString('createdBy'),
  }))
  check(layers.length > 0)
  return { status, time: integer(fields, 'time'), sent, left, directory, slices, layers }
}

function entriesOf<T>(fields: FieldReader | undefined, valueOf: (key: string) => T): Record<string, T> {
  check(fields !== undefined)
  return Object.fromEntries(fields.keys().map((key) => [key, valueOf(key)]))
}

/** Reads an element of `sources`, in the record or in a cache's metadata. @throws Error, CnbError if it is malformed */
export function readSource(fields: FieldReader): CodeSource {
  return { name: fields.requiredString('name'), place: digest(fields, 'place'), content: fields.requiredString('content') }
}

function digest(fields: FieldReader, key: string): Digest {
  const text = fields.string(key) ?? ''
  check(isDigest(text))
  return text
}

function integer(fields: FieldReader, key: string): number {
  const value = fields.value(key)
  check(typeof value === 'number' && Number.isSafeInteger(value) && value >= 0)
  return value
}

function check(holds: boolean): asserts holds {
  if (!holds) throw new Error('the record is malformed')
}
