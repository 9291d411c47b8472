import type { Resource, Status } from '../resource.ts'
import type { CnbBinding, CosignConfig, NotaryConfig } from './image.ts'
import type { BuildpackMetadata, EnvVar, ObjectReference, PodFields, ResourceRequirements, SourceConfig } from './parts.ts'

/** What the build before this one made; a rebase starts from it. */
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
