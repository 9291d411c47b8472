import type { AnyResource, Kind } from '../kind.ts'
import type { Metadata } from '../resource.ts'
import { invalid, type FieldFault } from '../fields/field-fault.ts'
import { REDACTED, REDACTED_HINT } from '../redacted-value.ts'
import { BASE64, BOOLEAN, listOf, mapOf, STRING } from '../fields/schema.ts'
import { OBJECT_REFERENCE, PULL_SECRETS } from './part-schemas.ts'

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

export const SECRET: Kind = {
  kind: 'Secret',
  plural: 'secrets',
  shortNames: [],
  isNamespaced: true,
  group: '',
  versions: { v1: { fields: { type: STRING, data: mapOf(BASE64), stringData: mapOf(STRING), immutable: BOOLEAN } } },
  setDefaults: setSecretDefaults,
  validate: (secret) => [...redactedFaults(secret as Secret), ...sizeFaults([], (secret as Secret).data)],
}

/** Applied by mistake, a redacted document would replace the values of the stored one. */
function redactedFaults({ data = {} }: Secret): FieldFault[] {
  const redacted = Buffer.from(REDACTED).toString('base64')
  return Object.keys(data).filter((key) => data[key] === redacted).map((key) => invalid(REDACTED, `stringData.${key}`, REDACTED_HINT))
}

/** Merges `stringData` into `data`, as the API server does. */
function setSecretDefaults(resource: AnyResource): void {
  const secret = resource as Secret & { stringData?: Record<string, string> }
  const { stringData = {} } = secret
  delete secret.stringData
  secret.type ||= 'Opaque'
  const encoded = Object.entries(stringData).map(([key, value]) => [key, Buffer.from(value).toString('base64')])
  if (encoded.length > 0) secret.data = { ...secret.data, ...(Object.fromEntries(encoded) as Record<string, string>) }
}

export const SERVICE_ACCOUNT: Kind = {
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  shortNames: ['sa'],
  isNamespaced: true,
  group: '',
  versions: { v1: { fields: { secrets: listOf(OBJECT_REFERENCE), imagePullSecrets: PULL_SECRETS, automountServiceAccountToken: BOOLEAN } } },
}

export const CONFIG_MAP: Kind = {
  kind: 'ConfigMap',
  plural: 'configmaps',
  shortNames: ['cm'],
  isNamespaced: true,
  group: '',
  versions: { v1: { fields: { data: mapOf(STRING), binaryData: mapOf(BASE64), immutable: BOOLEAN } } },
  validate: (map) => sizeFaults(Object.values((map as ConfigMap).data ?? {}), (map as ConfigMap).binaryData),
}

/** As in Kubernetes. */
const MAX_SIZE = 1024 * 1024

function sizeFaults(texts: readonly string[], encoded: Readonly<Record<string, string>> = {}): FieldFault[] {
  const sizes = [...texts.map((text) => Buffer.byteLength(text)), ...Object.values(encoded).map((text) => Buffer.byteLength(text, 'base64'))]
  if (sizes.reduce((sum, size) => sum + size, 0) <= MAX_SIZE) return []
  return [{ message: `Too long: may not be more than ${MAX_SIZE} bytes`, paths: ['data'] }]
}
