import type { Resource, Status } from '../resource.ts'
import type { EnvVar, ObjectReference, PodFields, ResourceRequirements, SourceConfig } from './parts.ts'

/** Legacy service binding of v1alpha1: a ConfigMap and a Secret. */
export interface CnbBinding {
  name?: string
  metadataRef?: { name?: string }
  secretRef?: { name?: string }
}

/** Annotations of cosign signatures. */
export interface CosignConfig {
  annotations?: { name: string; value: string }[]
}

/** Notary v1, which only documents in v1alpha1 may have. */
export interface NotaryConfig {
  v1?: { url: string; secretRef: { name: string } }
}

/** Settings of the builds of an Image. */
export interface ImageBuild extends PodFields {
  env?: EnvVar[]
  services?: ObjectReference[]
  cnbBindings?: CnbBinding[]
  resources?: ResourceRequirements
  /** Seconds */
  buildTimeout?: number
  /** `''` (1980-01-01), `now` or seconds since 1970 */
  creationTime?: string
}

/** Spec of an Image: `pkg/apis/build/v1alpha2/image_types.go`. */
export interface ImageSpec {
  tag: string
  additionalTags?: string[]
  builder: ObjectReference
  serviceAccountName?: string
  source: SourceConfig
  cache?: { volume?: { size?: string; storageClassName?: string }; registry?: { tag: string } }
  failedBuildHistoryLimit?: number
  successBuildHistoryLimit?: number
  imageTaggingStrategy?: string
  projectDescriptorPath?: string
  defaultProcess?: string
  build?: ImageBuild
  cosign?: CosignConfig
  notary?: NotaryConfig
}

export interface ImageStatus extends Status {
  latestBuildRef?: string
  latestBuildImageGeneration?: number
  latestImage?: string
  latestStack?: string
  buildCounter?: number
  buildCacheName?: string
  latestBuildReason?: string
}

export type Image = Resource<ImageSpec, ImageStatus>
