import { isDeepStrictEqual } from 'node:util'
import { missing, required, via, type FieldFault } from '../fields/field-fault.ts'
import { kpackKind, type ConvertedResource, type Request } from '../kind.ts'
import type { Resource, Status } from '../resource.ts'
import { INTEGER, listOf, object, STRING, strings, type Schema } from '../fields/schema.ts'
import { renamed } from './conversion.ts'
import { bindingsFaults, envFaults, imageNameFaults, nodeSelectorFaults, notaryFaults, servicesFaults, sourceFaults, tagsFaults } from './part-rules.ts'
import {
  BINDINGS, BUILDPACK_METADATA, BUILD_STACK, COSIGN, ENV, IMAGE_SOURCE, NOTARY, OBJECT_REFERENCE, POD_FIELDS, PULL_SECRETS, RESOURCES, SERVICES,
  SOURCE, statusOf, STEP_STATES,
} from './part-schemas.ts'
import type { CnbBinding, CosignConfig, NotaryConfig } from './image.ts'
import type { BuildpackMetadata, EnvVar, ObjectReference, PodFields, ResourceRequirements, SourceConfig } from './parts.ts'

/** The result of the build before this one; a rebase starts from it. */
export interface LastBuild {
  image?: string
  cache?: { image?: string }
  stackId?: string
}

/** Spec of a Build: `pkg/apis/build/v1alpha2/build_types.go`. */
export interface BuildSpec extends PodFields {
  tags: string[]
  builder: { image?: string; ref?: ObjectReference; imagePullSecrets?: { name: string }[] }
  serviceAccountName?: string
  /** A git revision is a commit if an Image made the Build */
  source: SourceConfig
  cache?: { volume?: { persistentVolumeClaimName?: string }; registry?: { tag: string } }
  runImage?: { image?: string }
  projectDescriptorPath?: string
  defaultProcess?: string
  env?: EnvVar[]
  services?: ObjectReference[]
  cnbBindings?: CnbBinding[]
  resources?: ResourceRequirements
  lastBuild?: LastBuild
  /** Seconds */
  activeDeadlineSeconds?: number
  creationTime?: string
  priorityClassName?: string
  cosign?: CosignConfig
  notary?: NotaryConfig
}

export interface BuildStatus extends Status {
  buildMetadata?: BuildpackMetadata[]
  stack?: { runImage?: string; id?: string }
  lifecycleVersion?: string
  latestImage?: string
  latestCacheImage?: string
  latestAttestationImage?: string
  podName?: string
  stepStates?: unknown[]
  stepsCompleted?: string[]
}

export type Build = Resource<BuildSpec, BuildStatus>

const BUILDER = object({ image: STRING, ref: OBJECT_REFERENCE, imagePullSecrets: PULL_SECRETS })

const SPEC = object({
  tags: listOf(STRING),
  builder: BUILDER,
  serviceAccountName: STRING,
  source: SOURCE,
  cache: object({ volume: strings('persistentVolumeClaimName'), registry: strings('tag') }),
  runImage: IMAGE_SOURCE,
  projectDescriptorPath: STRING,
  defaultProcess: STRING,
  env: ENV,
  services: SERVICES,
  cnbBindings: BINDINGS,
  resources: RESOURCES,
  lastBuild: object({ image: STRING, cache: IMAGE_SOURCE, stackId: STRING }),
  activeDeadlineSeconds: INTEGER,
  creationTime: STRING,
  ...POD_FIELDS,
  priorityClassName: STRING,
  cosign: COSIGN,
  notary: NOTARY,
})

const SPEC_V1ALPHA1 = object({
  tags: listOf(STRING),
  builder: BUILDER,
  serviceAccount: STRING,
  source: SOURCE,
  cacheName: STRING,
  bindings: BINDINGS,
  env: ENV,
  resources: RESOURCES,
  lastBuild: strings('image', 'stackId'),
  notary: NOTARY,
})

const STATUS: Readonly<Record<string, Schema>> = {
  buildMetadata: BUILDPACK_METADATA,
  stack: BUILD_STACK,
  latestImage: STRING,
  podName: STRING,
  stepStates: STEP_STATES,
  stepsCompleted: listOf(STRING),
}

export const BUILD = kpackKind<Build>({
  kind: 'Build',
  plural: 'builds',
  shortNames: ['cnbbuild', 'cnbbuilds', 'bld', 'blds'],
  isNamespaced: true,
  versions: {
    v1alpha2: {
      fields: { spec: SPEC, status: statusOf({ ...STATUS, lifecycleVersion: STRING, latestCacheImage: STRING, latestAttestationImage: STRING }) },
    },
    v1alpha1: { fields: { spec: SPEC_V1ALPHA1, status: statusOf(STATUS) }, convert },
  },
  setDefaults: ({ spec }) => {
    spec.serviceAccountName ||= 'default'
  },
  validate: (build, request) => via('spec', specFaults(build.spec, request)),
  podFields: [...Object.keys(POD_FIELDS), 'priorityClassName'].map((name) => `spec.${name}`),
})

function convert({ spec: { cacheName, ...rest }, ...resource }: ConvertedResource): ConvertedResource {
  return {
    ...resource,
    spec: {
      ...renamed(rest, { serviceAccount: 'serviceAccountName', bindings: 'cnbBindings' }),
      ...(cacheName ? { cache: { volume: { persistentVolumeClaimName: cacheName } } } : {}),
    },
  }
}

/** `pkg/apis/build/v1alpha2/build_validation.go` of kpack. */
function specFaults(spec: BuildSpec, { old, isConverted }: Request<Build>): FieldFault[] {
  return [
    ...(spec.tags?.length ? tagsFaults(spec.tags, 'tags') : [missing('tags')]),
    ...(spec.cache?.volume && spec.cache.registry ? [{ message: 'only one type of cache can be specified', paths: ['cache.registry', 'cache.volume'] }] : []),
    ...via('builder', builderFaults(spec.builder)),
    ...via('source', sourceFaults(spec.source)),
    ...via('services', servicesFaults(spec.services)),
    ...via('lastBuild', imageNameFaults(spec.lastBuild?.image)),
    ...(old ? changes(old.spec, spec) : []),
    ...via('cnbBindings', bindingsFaults(spec.cnbBindings, isConverted)),
    ...nodeSelectorFaults(spec.nodeSelector),
    ...via('env', envFaults(spec.env)),
    ...via('notary', notaryFaults(spec.notary, isConverted)),
  ]
}

function builderFaults({ image, ref }: BuildSpec['builder'] = {}): FieldFault[] {
  return [
    ...(!image && !ref ? [missing('image', 'ref')] : []),
    ...(image && ref ? [{ message: 'expected exactly one, got both', paths: ['image', 'ref'] }] : []),
    ...(ref ? via('ref', [...required(ref.name, 'name'), ...required(ref.kind, 'kind')]) : []),
    ...imageNameFaults(image),
  ]
}

/** A Build never changes. As in kpack, the path is `spec.spec`; kpack prints the changes with the names of its Go types, we with the fields' names. */
function changes(old: BuildSpec, now: BuildSpec): FieldFault[] {
  const details = [...new Set([...Object.keys(old), ...Object.keys(now)])].sort().flatMap((field) => {
    const [before, after] = [old[field as keyof BuildSpec], now[field as keyof BuildSpec]]
    if (isDeepStrictEqual(before, after)) return []
    const line = (mark: string, value: unknown) => (value === undefined ? [] : [`\t${mark}: ${JSON.stringify(value)}`])
    return [`spec.${field}:`, ...line('-', before), ...line('+', after)]
  })
  return details.length === 0 ? [] : [{ message: 'Immutable fields changed (-old +new)', paths: ['spec'], details: details.join('\n') }]
}
