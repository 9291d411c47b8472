import { each, invalid, missing, required, via, type FieldFault } from '../fields/field-fault.ts'
import { kpackKind } from '../kind.ts'
import type { Resource, Status } from '../resource.ts'
import { BOOLEAN, INTEGER, listOf, mapOf, object, STRING, strings, type Schema } from '../fields/schema.ts'
import { renaming } from './conversion.ts'
import { referenceFaults, tagFaults } from './part-rules.ts'
import { BUILDPACK_METADATA, BUILD_STACK, LIFECYCLE_STATUS, OBJECT_REFERENCE, ORDER, statusOf } from './part-schemas.ts'
import type { BuildpackMetadata, NamedReference, OrderEntry, ServiceAccountReference } from './parts.ts'

/** An entry of a group: a buildpack by id, or a Buildpack resource by kind and name. */
export interface BuilderOrderGroupEntry extends NamedReference {
  id?: string
  version?: string
  optional?: boolean
  image?: string
}

/** What Builder and ClusterBuilder have in common. */
export interface BuilderTemplate {
  tag: string
  stack: NamedReference
  store?: NamedReference
  lifecycle?: NamedReference
  order?: { group?: BuilderOrderGroupEntry[] }[]
  /** Image extensions, from the store; only in `cnb` */
  orderExtensions?: { group?: BuilderOrderGroupEntry[] }[]
  additionalLabels?: Record<string, string>
}

export interface BuilderSpec extends BuilderTemplate {
  serviceAccountName?: string
  /** An older name, which kpack still reads */
  serviceAccount?: string
}

interface ClusterBuilderSpec extends BuilderTemplate {
  serviceAccountRef: ServiceAccountReference
}

/** Status of both kinds: `pkg/apis/build/v1alpha2/builder_types.go`. */
export interface BuilderStatus extends Status {
  builderMetadata?: BuildpackMetadata[]
  order?: OrderEntry[]
  stack?: { runImage?: string; id?: string }
  lifecycle?: LifecycleStatusFields
  latestImage?: string
  observedStackGeneration?: number
  observedStoreGeneration?: number
  os?: string
  signaturePaths?: { signingSecret: string; targetDigest: string }[]
}

/** An image that a resource names, and its digest at the last look. */
export interface ResolvedImage {
  /** With the digest */
  latestImage?: string
  /** As in the spec */
  image?: string
}

export interface LifecycleStatusFields {
  image?: ResolvedImage
  version?: string
  api?: { buildpack?: string; platform?: string }
  apis?: { buildpack?: ApiVersions; platform?: ApiVersions }
}

/** Null as in Go, for none. */
export interface ApiVersions {
  deprecated: string[] | null
  supported: string[] | null
}

export type Builder = Resource<BuilderSpec, BuilderStatus>
export type ClusterBuilder = Resource<ClusterBuilderSpec, BuilderStatus>

/** The annotation of a Builder that names an existing builder image: what Builders of build.pivotal.io/v1alpha1 were. */
export const EXISTING_IMAGE = 'cnb.dev/image'

const TEMPLATE: Readonly<Record<string, Schema>> = { tag: STRING, stack: OBJECT_REFERENCE, store: OBJECT_REFERENCE }

const TEMPLATE_V1ALPHA2: Readonly<Record<string, Schema>> = {
  ...TEMPLATE,
  lifecycle: OBJECT_REFERENCE,
  order: listOf(object({ group: listOf(object({ id: STRING, version: STRING, optional: BOOLEAN, ...OBJECT_REFERENCE.fields, image: STRING })) })),
  additionalLabels: mapOf(STRING),
}

const STATUS: Readonly<Record<string, Schema>> = {
  builderMetadata: BUILDPACK_METADATA,
  order: ORDER,
  stack: BUILD_STACK,
  latestImage: STRING,
  observedStackGeneration: INTEGER,
  observedStoreGeneration: INTEGER,
  os: STRING,
}

const STATUS_V1ALPHA2 = statusOf({
  ...STATUS,
  lifecycle: object(LIFECYCLE_STATUS),
  signaturePaths: listOf(strings('signingSecret', 'targetDigest')),
})

export const BUILDER = kpackKind<Builder>({
  kind: 'Builder',
  plural: 'builders',
  shortNames: ['bldr', 'bldrs'],
  isNamespaced: true,
  versions: {
    v1alpha2: { fields: { spec: object({ ...TEMPLATE_V1ALPHA2, serviceAccountName: STRING, serviceAccount: STRING }), status: STATUS_V1ALPHA2 } },
    v1alpha1: {
      fields: { spec: object({ ...TEMPLATE, order: ORDER, serviceAccount: STRING }), status: statusOf(STATUS) },
      convert: renaming({ serviceAccount: 'serviceAccountName' }),
    },
  },
  setDefaults: ({ spec }) => {
    if (!spec.serviceAccountName && !spec.serviceAccount) spec.serviceAccountName = 'default'
    spec.stack = { ...spec.stack, kind: spec.stack?.kind || 'ClusterStack' }
    spec.store = { ...spec.store, kind: spec.store?.kind || 'ClusterStore' }
    setLifecycle(spec)
  },
  validate: (builder) => (builder.metadata.annotations?.[EXISTING_IMAGE] ? [] : via('spec', templateFaults(builder.spec))),
})

export const CLUSTER_BUILDER = kpackKind<ClusterBuilder>({
  kind: 'ClusterBuilder',
  plural: 'clusterbuilders',
  shortNames: ['clstbldr', 'clstbldrs'],
  isNamespaced: false,
  versions: {
    v1alpha2: { fields: { spec: object({ ...TEMPLATE_V1ALPHA2, serviceAccountRef: OBJECT_REFERENCE }), status: STATUS_V1ALPHA2 } },
    v1alpha1: {
      fields: { spec: object({ ...TEMPLATE, order: ORDER, serviceAccountRef: OBJECT_REFERENCE }), status: statusOf(STATUS) },
      convert: renaming({}),
    },
  },
  setDefaults: ({ spec }) => {
    spec.stack = { ...spec.stack }
    setLifecycle(spec)
  },
  validate: ({ metadata, spec }) => {
    if (metadata.annotations?.[EXISTING_IMAGE]) return []
    const { name, namespace }: { name?: string; namespace?: string } = spec.serviceAccountRef ?? {}
    if (!name) return [missing('spec.serviceAccountRef.name')]
    if (!namespace) return [missing('spec.serviceAccountRef.namespace')]
    // As in kpack, these have no 'spec'.
    return templateFaults(spec)
  },
})

function setLifecycle(spec: BuilderTemplate): void {
  spec.lifecycle = { ...spec.lifecycle, kind: spec.lifecycle?.kind || 'ClusterLifecycle', name: spec.lifecycle?.name || 'default-lifecycle' }
}

/** `pkg/apis/build/v1alpha2/builder_validation.go` of kpack. */
function templateFaults({ tag, stack, store, order }: BuilderTemplate): FieldFault[] {
  return [
    ...tagFaults(tag),
    ...via('stack', stackFaults(stack)),
    ...(store?.name || store?.kind ? via('store', referenceFaults(store, ['ClusterStore'])) : []),
    ...each('order', order, ({ group }) => each('group', group, entryFaults)),
  ]
}

function stackFaults({ name, kind = '' }: NamedReference = {}): FieldFault[] {
  const [nameless] = required(name, 'name')
  if (nameless) return [nameless]
  return kind === 'ClusterStack' ? [] : [invalid(kind, 'kind')]
}

function entryFaults(entry: BuilderOrderGroupEntry): FieldFault[] {
  const { id, name, kind, image } = entry
  return [
    ...(name || kind ? referenceFaults(entry, ['Buildpack', 'ClusterBuildpack']) : []),
    ...(image ? [{ message: 'must not set the field(s)', paths: ['image reference currently not supported'] }]
      : id || name || kind ? []
      : [{ message: 'expected exactly one, got neither', paths: ['image', 'id', 'name + kind'] }]),
  ]
}
