import type { Resource, Status } from '../resource.ts'
import type { BuildpackMetadata, NamedReference, OrderEntry, ServiceAccountReference } from './parts.ts'

/** An entry of a group: a buildpack by id, or a Buildpack resource by kind and name. */
export interface BuilderOrderGroupEntry extends NamedReference {
  id?: string
  version?: string
  optional?: boolean
  image?: string
}

/** What Builder and ClusterBuilder have in common. */
interface BuilderTemplate {
  tag: string
  stack: NamedReference
  store?: NamedReference
  lifecycle?: NamedReference
  order?: { group?: BuilderOrderGroupEntry[] }[]
  additionalLabels?: Record<string, string>
}

export interface BuilderSpec extends BuilderTemplate {
  serviceAccountName?: string
}

export interface ClusterBuilderSpec extends BuilderTemplate {
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

export interface ApiVersions {
  deprecated: string[]
  supported: string[]
}

export type Builder = Resource<BuilderSpec, BuilderStatus>
export type ClusterBuilder = Resource<ClusterBuilderSpec, BuilderStatus>
