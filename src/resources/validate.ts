/** Checks resources as kpack's admission does. */

import { mergeFaults, type FieldFault } from './fields/field-fault.ts'
import type { AnyResource, Kind, Request } from './kind.ts'
import { kindOf } from './kind-list.ts'

const SUBDOMAIN = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/
const LABEL = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/

/** Returns the faults of a resource with its defaults. */
export function resourceFaults(kind: Kind, resource: AnyResource, request: Request<AnyResource>): FieldFault[] {
  return mergeFaults([...metadataFaults(resource), ...(kind.validate?.(resource, request) ?? [])])
}

/**
 * Returns the faults of a change: some fields never change, and the size of a cache does not decrease.
 * The text of each is `formatFault(fault)`.
 */
export function updateFaults(old: AnyResource, resource: AnyResource): FieldFault[] {
  const kind = kindOf(resource)
  if (!kind) return []
  const alone = new Set(resourceFaults(kind, resource, { isConverted: true }).map((fault) => JSON.stringify(fault)))
  return resourceFaults(kind, resource, { old, isConverted: true }).filter((fault) => !alone.has(JSON.stringify(fault)))
}

/** The rules of the API server for names; they keep a name from leaving the directory of a state. */
function metadataFaults({ metadata: { name, namespace } }: AnyResource): FieldFault[] {
  const rule = "use lower-case letters, digits, '-' and '.', and begin and end with a letter or digit"
  return [
    ...(name === '' ? [{ message: 'missing field(s)', paths: ['metadata.name'] }] : []),
    ...(name !== '' && (name.length > 253 || !SUBDOMAIN.test(name)) ? [{ message: `invalid value: ${name}`, paths: ['metadata.name'], details: rule }] : []),
    ...(namespace !== undefined && (namespace.length > 63 || !LABEL.test(namespace))
      ? [{ message: `invalid value: ${namespace}`, paths: ['metadata.namespace'], details: rule.replace(" and '.'", '').replace("digits, '-'", "digits and '-'") }]
      : []),
  ]
}
