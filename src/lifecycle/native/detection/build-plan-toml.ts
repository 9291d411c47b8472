/** Reads the detector's plan.toml (platform.md "plan.toml"). */

import { CnbError } from '../../../base/errors.ts'
import { anyCapitals, FieldReader } from '../../../formats/field-reader.ts'
import { parseTomlData } from '../../../formats/go/toml-data.ts'

/** A dependency: the buildpacks that provide it, and what others require of it. */
export interface PlannedDependency {
  readonly name: string
  readonly providers: readonly { readonly id: string; readonly version: string }[]
  /** The versions that are required; absent for any. */
  readonly requires: readonly { readonly version?: string | undefined }[]
}

/** @throws CnbError CNB_DETECT_FAILED if it is invalid */
export function readBuildPlanToml(toml: string): PlannedDependency[] {
  const invalid = (why: string, cause?: unknown): CnbError => new CnbError('CNB_DETECT_FAILED', `cannot read the detector's plan.toml: ${why}`, { cause })
  let table: Record<string, unknown>
  try {
    table = parseTomlData(Buffer.from(toml), 'plan.toml')
  } catch (error) {
    throw invalid((error as Error).message, error)
  }
  return new FieldReader(table, [], (_path, message) => invalid(message), anyCapitals).tables('entries').map((entry) => {
    const requires = entry.tables('requires')
    return {
      name: requires[0]?.string('name') ?? '',
      providers: entry.tables('providers').map((provider) => ({ id: provider.string('id') ?? '', version: provider.string('version') ?? '' })),
      requires: requires.map((each) => {
        const version = each.map('metadata')?.value('version')
        return { version: each.string('version') ?? (typeof version === 'string' ? version : undefined) }
      }),
    }
  })
}
