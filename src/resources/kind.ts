/** Kinds of resources: names, versions with their fields, defaults and rules. */

import type { FieldFault } from './fields/field-fault.ts'
import type { Metadata } from './resource.ts'
import { ANY, BOOLEAN, INTEGER, listOf, mapOf, object, STRING, strings, type ObjectSchema, type Schema } from './fields/schema.ts'

/** A resource of any kind. */
export interface AnyResource {
  apiVersion: string
  kind: string
  metadata: Metadata
}

/** A version of a kind: the fields next to `metadata`, and the conversion to the storage version. */
export interface Version {
  readonly fields: Readonly<Record<string, Schema>>
  /** Absent for the storage version. Receives and returns decoded fields; reads and removes annotations with parked data. */
  readonly convert?: (resource: ConvertedResource) => ConvertedResource
}

/** A resource during conversion. */
export interface ConvertedResource {
  metadata: Metadata
  spec: Record<string, unknown>
  status?: Record<string, unknown>
}

/** The circumstances of a check. */
export interface Request<R> {
  /** The resource that this one replaces */
  readonly old?: R
  /** The document has version v1alpha1, where Notary and bindings are allowed */
  readonly isConverted: boolean
}

export interface Kind<R extends AnyResource = AnyResource> {
  readonly kind: R['kind']
  readonly plural: string
  readonly shortNames: readonly string[]
  readonly isNamespaced: boolean
  /** `kpack.io`, or empty for core/v1 */
  readonly group: string
  /** By version; the storage version first */
  readonly versions: Readonly<Record<string, Version>>
  /** Sets what kpack's defaulting webhook sets. */
  readonly setDefaults?: (resource: R) => void
  /** Returns the faults that kpack's validating webhook reports. */
  readonly validate?: (resource: R, request: Request<R>) => FieldFault[]
  /** Fields that have no effect on one machine, as paths */
  readonly podFields?: readonly string[]
}

/** Returns a kind of kpack; TypeScript checks its functions against the resource's type. */
export function kpackKind<R extends AnyResource>(kind: Omit<Kind<R>, 'group'>): Kind {
  return { group: 'kpack.io', ...kind } as unknown as Kind
}

/** The storage version: what `versions` lists first. */
export function storageVersion(kind: Kind): string {
  const version = Object.keys(kind.versions)[0] ?? ''
  return kind.group === '' ? version : `${kind.group}/${version}`
}

/** The schema of a whole document of a version. */
export function documentSchema({ fields }: Version): ObjectSchema {
  return object({ apiVersion: STRING, kind: STRING, metadata: METADATA, ...fields })
}


/** More fields of documents that come from a cluster. */
const CLUSTER_METADATA = [
  'generateName', 'selfLink', 'resourceVersion', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'finalizers', 'managedFields',
]

/** The fields of Metadata in the order in which they are written. */
export const METADATA_FIELDS: Readonly<Record<keyof Metadata, Schema>> = {
  name: STRING,
  namespace: STRING,
  labels: mapOf(STRING),
  annotations: mapOf(STRING),
  uid: STRING,
  generation: INTEGER,
  creationTimestamp: STRING,
  ownerReferences: listOf(object({ ...strings('apiVersion', 'kind', 'name', 'uid').fields, controller: BOOLEAN, blockOwnerDeletion: BOOLEAN })),
}

const METADATA = object({ ...METADATA_FIELDS, ...Object.fromEntries(CLUSTER_METADATA.map((name) => [name, ANY])) })
