/** Reads one resource: decodes, converts, sets defaults and checks, as kpack's admission does. */

import { resolve } from 'node:path'
import { isTable } from '../formats/lenient-values.ts'
import type { FieldPath } from '../formats/toml-positions.ts'
import { canonical, decode, type DecodeFault } from './fields/decode.ts'
import { formatFault, parsePath } from './fields/field-fault.ts'
import { documentSchema, METADATA_FIELDS, storageVersion, type AnyResource, type ConvertedResource, type Kind, type Version } from './kind.ts'
import { kindOf } from './kind-list.ts'
import { currentAnnotations } from './legacy.ts'
import type { Metadata } from './resource.ts'
import { resourceFaults } from './validate.ts'

export interface ReadOptions {
  /** The namespace of resources that name none */
  readonly namespace?: string
  /** Fields that kpack does not have are warnings */
  readonly isLenient?: boolean
}

/** Receives the faults of a resource, and warnings. */
export interface Report {
  fault(path: FieldPath, message: string, hint?: string): void
  warn(path: FieldPath, message: string): void
}

/** A resource with and without defaults. */
export interface ReadDocument {
  /** With defaults, amounts in canonical form, and absolute paths of local sources */
  readonly resource: AnyResource
  /** As the user wrote it: without defaults and status, but with its namespace and absolute paths */
  readonly written: AnyResource
}

/** kubectl keeps the whole document there, secrets too. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

/**
 * Reads a document of a known kind and version into the storage version.
 * @param directory where relative paths of local sources begin
 * @returns undefined if a field has the wrong type
 */
export function readResource(
  kind: Kind, version: Version, document: Record<string, unknown>, directory: string, options: ReadOptions, report: Report,
): ReadDocument | undefined {
  const decoded = decodeDocument(kind, version, document, options, report)
  if (!decoded) return undefined
  const { status: _, ...written } = structuredClone(decoded)
  const resource = canonical(decoded, documentSchema(storageOf(kind))) as AnyResource
  setNamespace(kind, resource, options, report)
  kind.setDefaults?.(resource)
  for (const fault of resourceFaults(kind, resource, { isConverted: version.convert !== undefined })) {
    const path = parsePath(fault.paths[0] ?? '')
    // kpack's paths of a ClusterBuilder lack the first part.
    report.fault(path[0] === 'metadata' || path[0] === 'spec' ? path : ['spec', ...path], formatFault(fault))
  }
  for (const each of [resource, written]) resolveLocalSource(each, directory)
  return { resource, written: { ...written, metadata: resource.metadata } }
}

/** Returns a resource that was stored as its user wrote it, with the defaults of its kind. */
export function withDefaults<R extends AnyResource>(written: R): R {
  const kind = kindOf(written)
  if (!kind) return written
  const resource = canonical(structuredClone(written), documentSchema(storageOf(kind))) as R
  kind.setDefaults?.(resource)
  return resource
}

function storageOf({ versions }: Kind): Version {
  const [storage] = Object.values(versions)
  if (!storage) throw new Error('a kind has no version')
  return storage
}

type Decoded = AnyResource & Record<string, unknown>

function decodeDocument(kind: Kind, version: Version, document: Record<string, unknown>, { isLenient }: ReadOptions, report: Report): Decoded | undefined {
  const faults: DecodeFault[] = []
  const table = decode(document, documentSchema(version), faults)
  const metadata = readMetadata(kind, table['metadata'], report)
  const decoded: Decoded = { ...table, apiVersion: storageVersion(kind), kind: kind.kind, metadata, ...(kind.group !== '' && { spec: table['spec'] ?? {} }) }
  const { convert } = version
  // The parked data of annotations is unchecked: it is decoded like a document.
  const result = convert ? decode({ ...decoded, ...convert(decoded as unknown as ConvertedResource) }, documentSchema(storageOf(kind)), faults) : decoded
  for (const { kind: what, path, message, hint } of faults) {
    if (what === 'capitals' || (what === 'unknown' && isLenient)) report.warn(path, message)
    else report.fault(path, message, hint)
  }
  return faults.some(({ kind: what }) => what === 'type') ? undefined : (result as Decoded)
}

/** Returns the fields of metadata that `cnb` keeps. */
function readMetadata(kind: Kind, value: unknown, report: Report): Metadata {
  const table = isTable(value) ? value : {}
  const kept = Object.fromEntries(Object.keys(METADATA_FIELDS).filter((field) => table[field] !== undefined).map((field) => [field, table[field]]))
  const metadata: Metadata = { name: '', ...kept }
  if (!isTable(metadata.annotations)) return metadata
  const { [LAST_APPLIED]: _, ...annotations } = metadata.annotations
  const current = kind.kind === 'Secret' ? currentAnnotations(annotations) : undefined
  if (current) report.warn(['metadata', 'annotations'], 'annotations of build.pivotal.io are read as those of kpack.io')
  return { ...metadata, annotations: current ?? annotations }
}

function setNamespace({ isNamespaced }: Kind, { metadata }: AnyResource, { namespace = 'default' }: ReadOptions, report: Report): void {
  if (isNamespaced) metadata.namespace ||= namespace
  else if (metadata.namespace !== undefined) {
    delete metadata.namespace
    report.warn(['metadata', 'namespace'], 'the kind has no namespace; it is left out')
  }
}

/** Makes the path of a local source absolute: it is relative to its file. */
function resolveLocalSource(resource: AnyResource, directory: string): void {
  const { spec } = resource as { spec?: { source?: { local?: { path?: string } } } }
  const local = spec?.source?.local
  if (local?.path) local.path = resolve(directory, local.path)
}
