/** Image of kpack.io/v1alpha1, and its conversion (image_conversion.go of kpack). */

import { isDeepStrictEqual } from 'node:util'
import { isTable } from '../../formats/lenient-values.ts'
import type { ConvertedResource, Version } from '../kind.ts'
import { INTEGER, object, QUANTITY, STRING } from '../fields/schema.ts'
import { BINDINGS, ENV, NOTARY, OBJECT_REFERENCE, RESOURCES, SOURCE, statusOf } from './part-schemas.ts'
import type { Image } from './image.ts'
import { parkedJson, renamed } from './conversion.ts'

/** The status is the same in both versions. */
export const IMAGE_STATUS = statusOf({
  latestBuildRef: STRING,
  latestBuildImageGeneration: INTEGER,
  latestImage: STRING,
  latestStack: STRING,
  buildCounter: INTEGER,
  buildCacheName: STRING,
  latestBuildReason: STRING,
})

const SPEC = object({
  tag: STRING,
  builder: OBJECT_REFERENCE,
  serviceAccount: STRING,
  source: SOURCE,
  cacheSize: QUANTITY,
  failedBuildHistoryLimit: INTEGER,
  successBuildHistoryLimit: INTEGER,
  imageTaggingStrategy: STRING,
  build: object({ bindings: BINDINGS, env: ENV, resources: RESOURCES }),
  notary: NOTARY,
}, {
  serviceAccountName: 'Write it as "serviceAccount", or use kpack.io/v1alpha2.',
  cache: 'Write it as "cacheSize", or use kpack.io/v1alpha2.',
})

/** Where kpack parks the fields that v1alpha1 does not have, in the order in which it reads them. */
const PARKED: readonly { annotation: string; path: readonly [string, ...string[]]; read: (text: string) => unknown }[] = [
  { annotation: 'services', path: ['build', 'services'], read: parkedJson },
  { annotation: 'tolerations', path: ['build', 'tolerations'], read: parkedJson },
  { annotation: 'nodeSelector', path: ['build', 'nodeSelector'], read: parkedJson },
  { annotation: 'affinity', path: ['build', 'affinity'], read: parkedJson },
  { annotation: 'runtimeClassName', path: ['build', 'runtimeClassName'], read: String },
  { annotation: 'schedulerName', path: ['build', 'schedulerName'], read: String },
  { annotation: 'buildTimeout', path: ['build', 'buildTimeout'], read: parkedInteger },
  { annotation: 'cache.volume.storageClassName', path: ['cache', 'volume', 'storageClassName'], read: String },
  { annotation: 'cache.registry.tag', path: ['cache', 'registry', 'tag'], read: String },
  { annotation: 'projectDescriptorPath', path: ['projectDescriptorPath'], read: String },
  { annotation: 'cosignAnnotation', path: ['cosign', 'annotations'], read: parkedJson },
  { annotation: 'defaultProcess', path: ['defaultProcess'], read: String },
]

function parkedInteger(text: string): number | undefined {
  return /^[-+]?[0-9]+$/.test(text) ? Number(text) : undefined
}

export const IMAGE_V1ALPHA1: Version = { fields: { spec: SPEC, status: IMAGE_STATUS }, convert }

function convert({ metadata, spec: { cacheSize, build, ...rest }, status }: ConvertedResource): ConvertedResource {
  const spec: Record<string, unknown> = {
    ...renamed(rest, { serviceAccount: 'serviceAccountName' }),
    ...(cacheSize !== undefined && { cache: { volume: { size: cacheSize } } }),
    ...(build !== undefined && { build: renamed(build as Record<string, unknown>, { bindings: 'cnbBindings' }) }),
  }
  const annotations = { ...metadata.annotations }
  for (const { annotation, path, read } of PARKED) {
    const text = annotations[`kpack.io/${annotation}`]
    if (text === undefined) continue
    const value = read(text)
    // kpack stops at the first annotation that it cannot read, without an error.
    if (value === undefined) break
    set(spec, path, value)
    delete annotations[`kpack.io/${annotation}`]
  }
  return { metadata: { ...metadata, ...(metadata.annotations && { annotations }) }, spec, ...(status && { status }) }
}

/**
 * Returns an Image as a document of v1alpha1, which allows `notary` and bindings; undefined if that would be another Image: v1alpha1 lacks
 * some fields, and an empty cache, which means none.
 */
export function asV1alpha1(image: Image): Image | undefined {
  if (image.spec.additionalTags || image.spec.cosign || image.spec.build?.creationTime) return undefined
  const spec = structuredClone(image.spec) as unknown as Record<string, unknown>
  const parked = PARKED.flatMap(({ annotation, path }) => {
    const value = take(spec, path)
    return value === undefined ? [] : [[`kpack.io/${annotation}`, typeof value === 'string' ? value : JSON.stringify(value)] as const]
  })
  const cacheSize = take(spec, ['cache', 'volume', 'size'])
  const { cache: _cache, build, ...others } = spec
  const written = {
    ...image,
    apiVersion: 'kpack.io/v1alpha1',
    metadata: { ...image.metadata, ...(parked.length > 0 && { annotations: { ...image.metadata.annotations, ...Object.fromEntries(parked) } }) },
    spec: {
      ...renamed(others, { serviceAccountName: 'serviceAccount' }),
      ...(cacheSize !== undefined && { cacheSize }),
      ...(isTable(build) && { build: renamed(build, { cnbBindings: 'bindings' }) }),
    },
  }
  return isDeepStrictEqual(convert({ metadata: written.metadata, spec: written.spec }).spec, image.spec) ? (written as unknown as Image) : undefined
}

/** Returns the field at a path, and removes it. */
function take(table: Record<string, unknown>, [key = '', ...rest]: readonly string[]): unknown {
  const value = table[key]
  if (rest.length > 0) return isTable(value) ? take(value, rest) : undefined
  delete table[key]
  return value
}

function set(table: Record<string, unknown>, [key, ...rest]: readonly string[], value: unknown): void {
  if (key === undefined) return
  if (rest.length === 0) table[key] = value
  else set((table[key] ??= {}) as Record<string, unknown>, rest, value)
}
