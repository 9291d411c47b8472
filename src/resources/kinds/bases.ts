import { each, invalid, missing, required, via, type FieldFault } from '../fields/field-fault.ts'
import { isImageName } from '../fields/image-name.ts'
import { kpackKind } from '../kind.ts'
import type { Resource, Status } from '../resource.ts'
import { INTEGER, listOf, object, STRING, type Schema } from '../fields/schema.ts'
import { withAccount } from './conversion.ts'
import { accountFaults, imageFaults } from './part-rules.ts'
import { BUILDPACKS_STATUS, IMAGE_SOURCE, LIFECYCLE_STATUS, OBJECT_REFERENCE, RESOLVED_IMAGE, statusOf } from './part-schemas.ts'
import type { LifecycleStatusFields, ResolvedImage } from './builder.ts'
import type { BuildpackStatus, ImageSource, ServiceAccountReference } from './parts.ts'

export interface ClusterStackSpec {
  id: string
  buildImage: ImageSource
  runImage: ImageSource
  serviceAccountRef?: ServiceAccountReference
}

export interface ClusterStackStatus extends Status {
  id?: string
  buildImage?: ResolvedImage
  runImage?: ResolvedImage
  mixins?: string[]
  userId?: number
  groupId?: number
}

interface ClusterStoreSpec {
  sources: ImageSource[]
  serviceAccountRef?: ServiceAccountReference
}

/** Status of ClusterStore, Buildpack and ClusterBuildpack. */
interface BuildpacksStatus extends Status {
  buildpacks?: BuildpackStatus[]
  /** Image extensions; only in `cnb` */
  extensions?: BuildpackStatus[]
}

interface BuildpackSpec extends ImageSource {
  serviceAccountName?: string
}

interface ClusterBuildpackSpec extends ImageSource {
  serviceAccountRef?: ServiceAccountReference
}

export interface ClusterLifecycleSpec extends ImageSource {
  serviceAccountRef?: ServiceAccountReference
}

export interface ClusterLifecycleStatus extends Status, LifecycleStatusFields {}

export type ClusterStack = Resource<ClusterStackSpec, ClusterStackStatus>
export type ClusterStore = Resource<ClusterStoreSpec, BuildpacksStatus>
export type Buildpack = Resource<BuildpackSpec, BuildpacksStatus>
export type ClusterBuildpack = Resource<ClusterBuildpackSpec, BuildpacksStatus>
export type ClusterLifecycle = Resource<ClusterLifecycleSpec, ClusterLifecycleStatus>

const STACK: Readonly<Record<string, Schema>> = { id: STRING, buildImage: IMAGE_SOURCE, runImage: IMAGE_SOURCE }

const STACK_STATUS = statusOf({
  id: STRING,
  buildImage: RESOLVED_IMAGE,
  runImage: RESOLVED_IMAGE,
  mixins: listOf(STRING),
  userId: INTEGER,
  groupId: INTEGER,
})

export const CLUSTER_STACK = kpackKind<ClusterStack>({
  kind: 'ClusterStack',
  plural: 'clusterstacks',
  shortNames: [],
  isNamespaced: false,
  versions: {
    v1alpha2: { fields: { spec: object({ ...STACK, serviceAccountRef: OBJECT_REFERENCE }), status: STACK_STATUS } },
    v1alpha1: { fields: { spec: object(STACK), status: STACK_STATUS }, convert: withAccount('kpack.io/clusterStackServiceAccountRef') },
  },
  validate: ({ spec }) =>
    afterAccount(spec, [...required(spec.id, 'id'), ...via('buildImage', imageFaults(spec.buildImage?.image)), ...via('runImage', imageFaults(spec.runImage?.image))]),
})

const STORE: Readonly<Record<string, Schema>> = { sources: listOf(IMAGE_SOURCE) }

export const CLUSTER_STORE = kpackKind<ClusterStore>({
  kind: 'ClusterStore',
  plural: 'clusterstores',
  shortNames: [],
  isNamespaced: false,
  versions: {
    v1alpha2: { fields: { spec: object({ ...STORE, serviceAccountRef: OBJECT_REFERENCE }), status: BUILDPACKS_STATUS } },
    v1alpha1: { fields: { spec: object(STORE), status: BUILDPACKS_STATUS }, convert: withAccount('kpack.io/clusterStoreServiceAccountRef') },
  },
  validate: ({ spec }) => afterAccount(spec, spec.sources?.length ? each('sources', spec.sources, storeSourceFaults) : [missing('sources')]),
})

function storeSourceFaults({ image = '' }: Partial<ImageSource>): FieldFault[] {
  return isImageName(image) ? [] : [invalid(`{${image}}`, '')]
}

export const BUILDPACK = kpackKind<Buildpack>({
  kind: 'Buildpack',
  plural: 'buildpacks',
  shortNames: ['bp', 'bps'],
  isNamespaced: true,
  versions: { v1alpha2: { fields: { spec: object({ ...IMAGE_SOURCE.fields, serviceAccountName: STRING }), status: BUILDPACKS_STATUS } } },
  setDefaults: ({ spec }) => {
    spec.serviceAccountName ||= 'default'
  },
  validate: ({ spec }) => via('spec', imageFaults(spec.image)),
})

const IMAGE_AND_ACCOUNT = object({ ...IMAGE_SOURCE.fields, serviceAccountRef: OBJECT_REFERENCE })

export const CLUSTER_BUILDPACK = kpackKind<ClusterBuildpack>({
  kind: 'ClusterBuildpack',
  plural: 'clusterbuildpacks',
  shortNames: ['clstbp', 'clstbps'],
  isNamespaced: false,
  versions: { v1alpha2: { fields: { spec: IMAGE_AND_ACCOUNT, status: BUILDPACKS_STATUS } } },
  validate: ({ spec }) => afterAccount(spec, imageFaults(spec.image)),
})

export const CLUSTER_LIFECYCLE = kpackKind<ClusterLifecycle>({
  kind: 'ClusterLifecycle',
  plural: 'clusterlifecycles',
  shortNames: [],
  isNamespaced: false,
  versions: { v1alpha2: { fields: { spec: IMAGE_AND_ACCOUNT, status: statusOf(LIFECYCLE_STATUS) } } },
  validate: ({ spec }) => afterAccount(spec, required(spec.image, 'image')),
})

/** Returns the fault of the service account's reference alone if it has one, as kpack does. */
function afterAccount({ serviceAccountRef }: { serviceAccountRef?: ServiceAccountReference }, faults: FieldFault[]): FieldFault[] {
  const account = accountFaults(serviceAccountRef)
  return via('spec', account.length > 0 ? account : faults)
}
