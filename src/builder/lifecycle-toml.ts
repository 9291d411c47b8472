/** Reads lifecycle.toml: a lifecycle's version and supported APIs (RFC 0011 of buildpacks/rfcs). */

import type { Context } from '../base/events.ts'
import type { FieldReader } from '../formats/field-reader.ts'
import { readTomlFields } from '../formats/toml-fields.ts'
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
  return describe(lifecycle.requiredString('version'), readRange(root, 'buildpack'), readRange(root, 'platform'))
}

/**
 * Reads the labels of a lifecycle image. @param apis the fields of the label, as in `[apis]` of lifecycle.toml
 * @throws the error of `apis`
 */
export function readLifecycleLabels(version: string, apis: FieldReader): LifecycleDescriptor {
  const [buildpack, platform] = (['buildpack', 'platform'] as const).map((kind) => {
    const range = apis.table(kind)
    if (!range) throw apis.error(kind, `the ${kind} API is missing`)
    return versionsOf(range)
  }) as [ApiRange, ApiRange]
  return describe(version, buildpack, platform)
}

function describe(version: string, buildpack: ApiRange, platform: ApiRange): LifecycleDescriptor {
  return { version, apis: { buildpack, platform }, api: { buildpack: oldest(buildpack), platform: oldest(platform) } }
}

function readRange(root: FieldReader, kind: 'buildpack' | 'platform'): ApiRange {
  const range = root.table('apis')?.table(kind)
  const single = root.table('api')
  if (range) return versionsOf(range)
  if (single) return { deprecated: [], supported: [checked(single.requiredString(kind), single, kind)] }
  throw root.error('apis', `the ${kind} API is missing: there is no [apis.${kind}] table`)
}

function versionsOf(range: FieldReader): ApiRange {
  return { deprecated: versions(range, 'deprecated'), supported: versions(range, 'supported', true) }
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
