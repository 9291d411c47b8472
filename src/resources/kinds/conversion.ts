/** Conversion of older versions. */

import type { Metadata } from '../resource.ts'
import type { ConvertedResource } from '../kind.ts'

/** Returns the table with other names for some fields. */
export function renamed(table: Record<string, unknown>, names: Readonly<Record<string, string>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(table).map(([key, value]) => [names[key] ?? key, value]))
}

/** Returns a conversion that renames fields of the spec. */
export function renaming(names: Readonly<Record<string, string>>): (resource: ConvertedResource) => ConvertedResource {
  return (resource) => ({ ...resource, spec: renamed(resource.spec, names) })
}

/** Reads data that kpack parked in an annotation; undefined unless it is JSON of a list or table. */
export function parkedJson(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}

/** Returns a conversion that reads the service account's reference from an annotation. */
export function withAccount(annotation: string): (resource: ConvertedResource) => ConvertedResource {
  return ({ metadata, spec, ...rest }) => {
    const serviceAccountRef = parkedJson(metadata.annotations?.[annotation] ?? '')
    if (!serviceAccountRef) return { metadata, spec, ...rest }
    return { metadata: without(metadata, annotation), spec: { ...spec, serviceAccountRef }, ...rest }
  }
}

function without(metadata: Metadata, annotation: string): Metadata {
  const { [annotation]: _removed, ...annotations } = metadata.annotations ?? {}
  return { ...metadata, annotations }
}
