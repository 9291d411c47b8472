/** Writes resources as YAML or JSON that `readResources` reads back. */

import { stringifyYaml } from '../formats/yaml.ts'
import { kindOf } from './kind-list.ts'
import { documentSchema, METADATA_FIELDS, type AnyResource } from './kind.ts'
import { object, ordered } from './fields/schema.ts'

/** Returns the resource with its fields in a fixed order: apiVersion, kind, metadata, spec, status, and those within as in kpack's documents. */
export function orderedResource<R extends AnyResource>(resource: R): R {
  const version = kindOf(resource)?.versions[resource.apiVersion.split('/').at(-1) ?? '']
  if (!version) return resource
  const { fields } = documentSchema(version)
  return ordered(resource, object({ ...fields, metadata: object(METADATA_FIELDS) })) as R
}

export function writeYaml(resource: AnyResource): string {
  return stringifyYaml(orderedResource(resource))
}

export function writeJson(resource: AnyResource): string {
  return `${JSON.stringify(orderedResource(resource), undefined, 2)}\n`
}
