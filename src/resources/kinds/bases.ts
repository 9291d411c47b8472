import type { Resource, Status } from '../resource.ts'
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

export interface ClusterStoreSpec {
  sources: ImageSource[]
  serviceAccountRef?: ServiceAccountReference
}

/** Status of ClusterStore, Buildpack and ClusterBuildpack. */
export interface BuildpacksStatus extends Status {
  buildpacks?: BuildpackStatus[]
}

export interface BuildpackSpec extends ImageSource {
  serviceAccountName?: string
}

export interface ClusterBuildpackSpec extends ImageSource {
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
