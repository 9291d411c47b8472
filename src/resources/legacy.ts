/** Reads documents of kpack's first years as those of kpack.io. */

import { isTable } from '../formats/lenient-values.ts'
import { EXISTING_IMAGE } from './kinds/builder.ts'

type Table = Record<string, unknown>

const GROUPS = new Set(['build.pivotal.io', 'experimental.kpack.pivotal.io'])
const KIND_NAMES: Readonly<Record<string, string>> = {
  CustomBuilder: 'Builder',
  CustomClusterBuilder: 'ClusterBuilder',
  Stack: 'ClusterStack',
  Store: 'ClusterStore',
}
const ANNOTATIONS = ['docker', 'git']

/** Returns the document as kpack.io/v1alpha1 has it, or undefined if it is not a legacy one. */
export function fromLegacy(document: Table): Table | undefined {
  const { apiVersion, kind } = document
  if (typeof apiVersion !== 'string' || typeof kind !== 'string' || !GROUPS.has(apiVersion.split('/', 1)[0] ?? '')) return undefined
  const spec = isTable(document['spec']) ? document['spec'] : {}
  const isBuilder = ['Builder', 'ClusterBuilder'].includes(kind)
  const converted = { ...document, apiVersion: 'kpack.io/v1alpha1', kind: today(kind) }
  if (isBuilder && typeof spec['image'] === 'string') return existingBuilder(document, kind, spec['image'])
  if (kind === 'Image') return { ...converted, spec: withReferences(currentBuilder(spec), { builder: 'Builder' }) }
  if (kind === 'CustomBuilder' || kind === 'CustomClusterBuilder') return { ...converted, spec: withReferences(spec, { stack: 'ClusterStack', store: 'ClusterStore' }) }
  return converted
}

function today(kind: string): string {
  return Object.hasOwn(KIND_NAMES, kind) ? (KIND_NAMES[kind] ?? kind) : kind
}

/** A legacy Builder names an image that exists: a Builder without buildpacks, with the image in an annotation. */
function existingBuilder({ metadata, status: _, ...document }: Table, kind: string, image: string): Table {
  const table = isTable(metadata) ? metadata : {}
  const annotations = isTable(table['annotations']) ? table['annotations'] : {}
  return {
    ...document,
    apiVersion: 'kpack.io/v1alpha2',
    kind,
    metadata: { ...table, annotations: { ...annotations, [EXISTING_IMAGE]: image } },
    spec: { tag: image },
  }
}

/** Whether a legacy Builder of an existing image has Secrets, which its present form does not have. */
export function hasUnusedSecrets(legacy: Table, { spec: current }: Table): boolean {
  const { spec } = legacy
  return isTable(spec) && spec['imagePullSecrets'] !== undefined && isTable(current) && current['imagePullSecrets'] === undefined && spec['image'] === current['tag']
}

/** The first Images of all name their builder in `builderRef`. */
function currentBuilder({ builderRef, ...spec }: Table): Table {
  return builderRef === undefined ? spec : { builder: builderRef, ...spec }
}

/** Returns the fields with references in their present form. @param kinds of the fields that are references */
function withReferences(spec: Table, kinds: Readonly<Record<string, string>>): Table {
  const references = Object.entries(kinds).filter(([field]) => spec[field] !== undefined)
  return { ...spec, ...Object.fromEntries(references.map(([field, kind]) => [field, reference(spec[field], kind)])) }
}

/** Returns a reference with the new name of its kind. */
function reference(value: unknown, kind: string): unknown {
  if (typeof value === 'string') return { kind, name: value }
  if (!isTable(value)) return value
  const old = value['kind']
  return { ...value, kind: typeof old === 'string' ? today(old) : kind }
}

/** Returns the annotations of a Secret with `build.pivotal.io/docker` and `/git` under their new names. */
export function currentAnnotations(annotations: Readonly<Record<string, string>>): Record<string, string> | undefined {
  const old = ANNOTATIONS.filter((name) => Object.hasOwn(annotations, `build.pivotal.io/${name}`))
  if (old.length === 0) return undefined
  const entries = Object.entries(annotations).map(([key, value]) => [key.replace(/^build\.pivotal\.io\/(docker|git)$/, 'kpack.io/$1'), value] as const)
  return Object.fromEntries(entries)
}
