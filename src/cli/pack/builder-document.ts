/** The document of `pack builder inspect --output json` (pack, internal/builder/writer). */

import type { BuilderInspection, OrderNode } from '../../operations/builder/inspect-builder.ts'
import { withMirrors, type Both } from './image-document.ts'

type Mirrors = Parameters<typeof withMirrors>[2]

export type BuilderInfo = ReturnType<typeof builderInfo>

/** Returns the part of the document for one place. */
export function builderInfo(inspection: BuilderInspection, configured: Mirrors) {
  const { description, createdBy, stack, lifecycle, runImages, buildpacks, order, extensions, orderExtensions } = inspection
  const names = runImages.flatMap(({ image, mirrors }) => [image, ...mirrors]).map((name) => ({ name }))
  return {
    ...(description ? { description } : {}),
    created_by: { ...createdBy },
    ...(stack ? { stack: { id: stack.id } } : {}),
    lifecycle: { version: lifecycle.version, buildpack_apis: lifecycle.buildpackApis, platform_apis: lifecycle.platformApis },
    run_images: withMirrors(names, runImages.map(({ image }) => image), configured),
    buildpacks: buildpacks.map(module).toSorted((one, other) => (one.id < other.id ? -1 : one.id > other.id ? 1 : 0)),
    detection_order: groups(order),
    ...(extensions.length > 0 ? { extensions: extensions.map(module) } : {}),
    ...(orderExtensions.length > 0 ? { order_extensions: groups(orderExtensions) } : {}),
  }
}

/** YAML has the first three keys in a table, TOML the names of Go for the creator, and JSON those for licenses. */
export function builderDocument(builder: { name: string; trusted: boolean; isDefault: boolean }, { remote, local }: Both<BuilderInfo>, format: unknown): object {
  const shared = { builder_name: builder.name, trusted: builder.trusted, default: builder.isDefault }
  const place = (info: BuilderInfo | undefined): object | null => {
    if (!info || format === 'json') return info ?? null
    const { name: Name, version: Version } = info.created_by
    return { ...info, ...(format === 'toml' ? { created_by: { Name, Version } } : {}), buildpacks: info.buildpacks.map(withNamesOfLicenses) }
  }
  return { ...(format === 'yaml' ? { sharedbuilderinfo: shared } : shared), remote_info: place(remote), local_info: place(local) }
}

function withNamesOfLicenses({ licenses, ...buildpack }: BuilderInfo['buildpacks'][number]): object {
  return { ...buildpack, ...(licenses ? { licenses: licenses.map(({ Type, URI }) => ({ type: Type, uri: URI })) } : {}) }
}

function module({ id, version, name, description, homepage, keywords, licenses }: BuilderInspection['buildpacks'][number]) {
  return {
    id,
    ...(name ? { name } : {}),
    ...(version ? { version } : {}),
    ...(description ? { description } : {}),
    ...(homepage ? { homepage } : {}),
    ...(keywords ? { keywords } : {}),
    ...(licenses ? { licenses: licenses.map(({ type = '', uri = '' }) => ({ Type: type, URI: uri })) } : {}),
  }
}

function groups(order: BuilderInspection['order']): object[] {
  return order.map(({ buildpacks }) => ({ buildpacks: buildpacks.map(entry) }))
}

function entry({ id, version, optional, cyclic, groups: inner }: OrderNode): object {
  return {
    id,
    ...(version ? { version } : {}),
    ...(optional ? { optional } : {}),
    ...(cyclic ? { cyclic } : {}),
    ...(inner?.length ? { buildpacks: groups(inner) } : {}),
  }
}
