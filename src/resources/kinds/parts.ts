/** A reference to another resource, reduced to the fields that kpack reads. */
export interface ObjectReference {
  apiVersion?: string
  kind?: string
  namespace?: string
  name?: string
}

/** A reference to a service account of a namespace. */
export interface ServiceAccountReference {
  name: string
  namespace: string
}

/** An image by its reference. */
export interface ImageSource {
  image: string
}

/** A platform or buildpack resource by kind and name. */
export interface NamedReference {
  kind?: string
  name?: string
}

/** A source of code, as in a spec: one of `git`, `blob`, `registry` and `local` is set. */
export interface SourceConfig {
  git?: GitSource
  blob?: BlobSource
  registry?: RegistrySource
  /** A directory on this machine; only in `cnb` */
  local?: LocalSource
  /** The directory of the app within the source */
  subPath?: string
}

export interface GitSource {
  url: string
  /** A branch, a tag or a commit */
  revision: string
  initializeSubmodules?: boolean
}

export interface BlobSource {
  url: string
  auth?: '' | 'helper' | 'secret'
  /** Leading elements to remove from the paths of the archive */
  stripComponents?: number
}

export interface RegistrySource {
  image: string
  imagePullSecrets?: { name: string }[]
}

export interface LocalSource {
  /** Absolute after reading: a relative path starts at the directory of the file */
  path: string
}

/** An environment variable of a build (core/v1 EnvVar). */
export interface EnvVar {
  name: string
  value?: string
  valueFrom?: {
    configMapKeyRef?: { name: string; key: string; optional?: boolean }
    fieldRef?: { apiVersion?: string; fieldPath: string }
    secretKeyRef?: { name: string; key: string; optional?: boolean }
    resourceFieldRef?: { containerName?: string; resource: string; divisor?: string }
  }
}

/** Requests and limits by resource name (core/v1 ResourceRequirements); quantities as text, as written. */
export interface ResourceRequirements {
  limits?: Record<string, string>
  requests?: Record<string, string>
}

/** Fields of a pod that have no effect on one machine; kept for `cnb export`. */
export interface PodFields {
  tolerations?: unknown[]
  nodeSelector?: Record<string, string>
  affinity?: unknown
  runtimeClassName?: string
  schedulerName?: string
}

/** A buildpack of a builder or a build: as a status names it. */
export interface BuildpackMetadata {
  id: string
  version: string
  homepage?: string
}

/** A buildpack in a store: `pkg/apis/core/v1alpha1/buildpack_types.go`. */
export interface BuildpackStatus {
  id: string
  version: string
  /** The package that has it; empty if it is in a builder */
  buildpackage?: Partial<BuildpackMetadata>
  storeImage?: ImageSource
  diffId?: string
  digest?: string
  size?: number
  api?: string
  homepage?: string
  order?: OrderEntry[]
  stacks?: { id: string; mixins?: string[] }[]
}

/** A group of an order. */
export interface OrderEntry {
  group: { id: string; version?: string; optional?: boolean }[]
}
