/** The image configuration (OCI image-spec, config.md), as Docker and the lifecycle write it. */

import type { Digest } from './digest.ts'

/** `config` of an image: what a container made from it gets. Unknown keys are kept. */
export interface ContainerConfig {
  User?: string
  Env?: string[]
  Entrypoint?: string[] | null
  Cmd?: string[] | null
  WorkingDir?: string
  Labels?: Record<string, string>
  ExposedPorts?: Record<string, object>
  Volumes?: Record<string, object> | null
  [key: string]: unknown
}

export interface HistoryEntry {
  author?: string
  created?: string
  created_by?: string
  comment?: string
  empty_layer?: boolean
}

/** The whole document; its sha256 is the image ID on a graph-driver engine. Unknown keys are kept. */
export interface ImageConfig {
  architecture: string
  os: string
  variant?: string
  'os.version'?: string
  created?: string
  author?: string
  config: ContainerConfig
  rootfs: { type: 'layers'; diff_ids: Digest[] }
  history?: HistoryEntry[]
  [key: string]: unknown
}
