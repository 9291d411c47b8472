import type { Metadata } from '../resource.ts'

/** core/v1 Secret. `data` is in base64; reading a document moves `stringData` into it. */
export interface Secret {
  apiVersion: 'v1'
  kind: 'Secret'
  metadata: Metadata
  type?: string
  data?: Record<string, string>
  immutable?: boolean
}

/** core/v1 ServiceAccount. */
export interface ServiceAccount {
  apiVersion: 'v1'
  kind: 'ServiceAccount'
  metadata: Metadata
  secrets?: { name: string }[]
  imagePullSecrets?: { name: string }[]
}

/** core/v1 ConfigMap. */
export interface ConfigMap {
  apiVersion: 'v1'
  kind: 'ConfigMap'
  metadata: Metadata
  data?: Record<string, string>
  binaryData?: Record<string, string>
}
