/** Metadata of a resource: the fields of Kubernetes' ObjectMeta that `cnb` keeps. */
export interface Metadata {
  name: string
  /** Absent for resources of the whole cluster */
  namespace?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
  uid?: string
  /** Increases with each change of the spec */
  generation?: number
  /** RFC 3339 in UTC, in whole seconds */
  creationTimestamp?: string
  ownerReferences?: OwnerReference[]
}

/** The resource that made this one. */
export interface OwnerReference {
  apiVersion: string
  kind: string
  name: string
  uid: string
  controller?: boolean
  blockOwnerDeletion?: boolean
}

/** A condition of a resource, as in `pkg/apis/core/v1alpha1/condition_types.go` of kpack. */
export interface Condition {
  type: 'Ready' | 'Succeeded' | 'UpToDate' | 'BuilderReady' | 'BuilderUpToDate' | 'ActivePolling'
  status: 'True' | 'False' | 'Unknown'
  severity?: string
  /** RFC 3339 in UTC, in whole seconds */
  lastTransitionTime?: string
  reason?: string
  message?: string
}

/** The fields of each status. */
export interface Status {
  observedGeneration?: number
  conditions?: Condition[]
}

/** A resource of kpack in its storage version, `kpack.io/v1alpha2`. */
export interface Resource<Spec, ResourceStatus extends Status = Status> {
  apiVersion: string
  kind: string
  metadata: Metadata
  spec: Spec
  status?: ResourceStatus
}
