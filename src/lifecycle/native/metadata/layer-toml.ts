/** `<layer>.toml` and store.toml (buildpack.md "Layer Content Metadata"; lifecycle layermetadata.go). */

import { CnbError } from '../../../base/errors.ts'
import { anyCapitals, FieldReader } from '../../../formats/field-reader.ts'
import { isTable } from '../../../formats/lenient-values.ts'
import { parseTomlData, type ValueBudget } from '../../../formats/go/toml-data.ts'
import { hasBuildpackFeature } from '../../../formats/api-features.ts'
import { parseApiVersion } from '../../../formats/versions.ts'
import type { LayerTypes } from '../model.ts'
import { encodeGoToml } from '../../../formats/go/toml.ts'

const TYPES = ['build', 'launch', 'cache'] as const
const NO_TYPES: LayerTypes = { build: false, launch: false, cache: false }

/** The content of a layer's file. */
export interface LayerFile extends LayerTypes {
  /** `[metadata]` as JSON values and bigints; null if absent. */
  readonly data: unknown
  readonly malformed?: string
}

/**
 * Reads a layer's file. Returns errors as `malformed`.
 * @param api the buildpack's API: before 0.6 the types were keys at the top level of the file
 * @param path the file's path, for messages
 */
export function readLayerToml(content: Buffer, api: string, path: string, budget?: ValueBudget): LayerFile {
  try {
    const fields = readFields(content, path, budget)
    return { ...readTypes(fields, api, path), data: fields.value('metadata') ?? null }
  } catch (error) {
    return { ...NO_TYPES, data: null, malformed: (error as Error).message }
  }
}

function readTypes(fields: FieldReader, api: string, path: string): LayerTypes {
  const legacy = hasLegacyTypes(api)
  // The lifecycle compares these case-sensitively.
  if (!legacy && fields.keys().some((key) => TYPES.some((type) => type === key))) {
    throw new Error(`${path}: the launch, cache and build flags should be in the types table`)
  }
  const types = legacy ? fields : fields.table('types')
  const flag = (type: string): boolean => types?.boolean(type) ?? false
  return { build: flag('build'), launch: flag('launch'), cache: flag('cache') }
}

function readFields(content: Buffer, path: string, budget?: ValueBudget): FieldReader {
  return new FieldReader(
    parseTomlData(content, path, budget),
    [],
    (_path, message) => new CnbError('CNB_DESCRIPTOR_INVALID', `${path}: ${message}`),
    anyCapitals,
  )
}

function hasLegacyTypes(api: string): boolean {
  const version = parseApiVersion(api)
  return version !== undefined && !hasBuildpackFeature(version, 'layerTypesTable')
}

/**
 * Returns the file of a restored layer. It has no types, because the buildpack must declare them again, except before Buildpack API
 * 0.6.
 */
export function layerToml(layer: LayerTypes & { readonly data: unknown }, api: string): string {
  const { data, build, launch, cache } = layer
  return encodeGoToml({ metadata: data, ...(hasLegacyTypes(api) ? { build, launch, cache } : {}) })
}

/**
 * Returns `[metadata]` of store.toml, null if absent.
 * @throws CnbError CNB_EXPORT_FAILED if it is invalid, which also fails the lifecycle's exporter
 */
export function readStoreToml(content: Buffer, buildpackId: string, budget?: ValueBudget): unknown {
  try {
    const metadata = readFields(content, 'store.toml', budget).value('metadata') ?? null
    if (metadata !== null && !isTable(metadata)) throw new Error("'metadata' must be a table")
    return metadata
  } catch (error) {
    throw new CnbError('CNB_EXPORT_FAILED', `cannot read store.toml of buildpack '${buildpackId}': ${(error as Error).message}`, {
      cause: error,
      hint: "Report this to the buildpack's author: the buildpack wrote the file.",
    })
  }
}

/** Returns store.toml. @param metadata a table, or null */
export function storeToml(metadata: unknown): string {
  return encodeGoToml({ metadata })
}
