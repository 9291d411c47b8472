/** Reads lifecycle.toml: a lifecycle's version and supported APIs (RFC 0011 of buildpacks/rfcs). */

import type { Context } from '../base/events.ts'
import { readTomlFields, type FieldReader } from '../formats/field-reader.ts'
import { compareApiVersions, parseApiVersion } from '../formats/versions.ts'
import type { ApiRange } from './builder.ts'

export interface LifecycleDescriptor {
  readonly version: string
  readonly apis: { readonly buildpack: ApiRange; readonly platform: ApiRange }
  /** The oldest version of each API, for old platforms, which read only this. */
  readonly api: { readonly buildpack: string; readonly platform: string }
}

/**
 * Reads a lifecycle.toml. Unknown keys are ignored.
 * @throws CnbError CNB_DESCRIPTOR_INVALID with file, line and column
 */
export function readLifecycleToml(text: string, file: string, context: Context = {}): LifecycleDescriptor {
  const root = readTomlFields(text, file, context)
  const lifecycle = root.table('lifecycle')
  if (!lifecycle) throw root.error('lifecycle', 'there is no [lifecycle] table')
  const version = lifecycle.requiredString('version')
  const apis = { buildpack: readRange(root, 'buildpack'), platform: readRange(root, 'platform') }
  return { version, apis, api: { buildpack: oldest(apis.buildpack), platform: oldest(apis.platform) } }
}

function readRange(root: FieldReader, kind: 'buildpack' | 'platform'): ApiRange {
  const range = root.table('apis')?.table(kind)
  const single = root.table('api')
  if (range) return { deprecated: versions(range, 'deprecated'), supported: versions(range, 'supported', true) }
  if (single) return { deprecated: [], supported: [checked(single.requiredString(kind), single, kind)] }
  throw root.error('apis', `the ${kind} API is missing: there is no [apis.${kind}] table`)
}

function versions(range: FieldReader, key: string, required = false): string[] {
  const found = range.strings(key).map((version) => checked(version, range, key))
  if (required && found.length === 0) throw range.error(key, `'${key}' contains no API version`)
  return found
}

function checked(version: string, fields: FieldReader, key: string): string {
  if (parseApiVersion(version) === undefined) throw fields.error(key, `'${version}' is not an API version`)
  return version
}

function oldest({ deprecated, supported }: ApiRange): string {
  const parsed = [...deprecated, ...supported].flatMap((text) => {
    const version = parseApiVersion(text)
    return version ? [{ text, version }] : []
  })
  return parsed.sort((a, b) => compareApiVersions(a.version, b.version))[0]?.text ?? ''
}
