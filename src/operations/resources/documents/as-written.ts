import type { AnyResource } from '../../../resources/kind.ts'

/** Returns a stored resource as its user wrote it: without status and the store's fields. */
export function asWritten(stored: AnyResource): AnyResource {
  const { status: _, ...content } = stored as AnyResource & { status?: unknown }
  const { name, namespace, labels = {}, annotations = {} } = stored.metadata
  const metadata = {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(Object.keys(labels).length > 0 ? { labels } : {}),
    ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
  }
  return { ...content, metadata }
}
