/** `cnb report`: the facts for a bug report. */

import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { VERSION } from '../../base/version.ts'
import { PLATFORM_APIS } from '../../formats/api-features.ts'
import { findConfigFile } from '../config/config-file.ts'
import type { Host } from '../services.ts'

/** The program and the machine that runs it. */
export interface ProgramFacts {
  version: string
  node: string
  /** `os/architecture`, in the words of Node.js. */
  platform: string
}

/** The JSON output of `cnb report`. */
export interface Report extends ProgramFacts {
  platformApis: string[]
  /** The configuration file in use; without a text if it does not exist. */
  config: { file: string; text?: string }
}

/** Keys with values that are neither names nor addresses. */
const HARMLESS = ['pull-policy', 'type']
const REDACTED = '[REDACTED]'

/**
 * Returns a report.
 * @param explicit whether the configuration file is complete; otherwise names and addresses are replaced, and comments are left out
 * @throws CnbError CNB_DESCRIPTOR_INVALID if the file cannot be read
 */
export async function makeReport({ explicit }: { readonly explicit: boolean }, host: Host, context: Context): Promise<Report> {
  const { file, text } = await findConfigFile(host, context)
  return {
    ...programFacts(),
    platformApis: [...PLATFORM_APIS],
    config: { file, ...(text === undefined ? {} : { text: explicit ? text : await redactConfig(text, file) }) },
  }
}

export function programFacts(): ProgramFacts {
  return { version: VERSION, node: process.version, platform: `${process.platform}/${process.arch}` }
}

/** Returns the configuration without names, addresses and comments; of an invalid file, only the place of the fault. */
export async function redactConfig(text: string, file: string): Promise<string> {
  const { parseToml, stringifyToml } = await import('../../formats/toml.ts')
  try {
    return stringifyToml(redact(parseToml(text, file)) as Record<string, unknown>)
  } catch (error) {
    if (!(error instanceof CnbError)) throw error
    return `(not valid TOML in line ${error.position?.line ?? '?'})`
  }
}

function redact(value: unknown, key = ''): unknown {
  if (typeof value === 'string') return HARMLESS.includes(key) ? value : REDACTED
  if (Array.isArray(value)) return value.map((item) => redact(item, key))
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  const isMirrors = key.toLowerCase() === 'registry-mirrors'
  return Object.fromEntries(Object.entries(value).map(([name, inner], index) => [isMirrors ? `${REDACTED} ${index + 1}` : name, redact(inner, name)]))
}
