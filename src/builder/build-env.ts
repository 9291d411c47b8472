/** `[[build.env]]` of builder.toml: variables for builds (platform.md "Operator-Defined Variables"). */

import type { FieldReader } from '../formats/field-reader.ts'

/** A file of `/cnb/build-config/env`. */
export interface EnvFile {
  readonly name: string
  readonly content: string
}

const SUFFIXES = new Set(['default', 'override', 'append', 'prepend'])

/**
 * Converts entries to files: `NAME`, `NAME.suffix`, `NAME.delim`. The last entry for a file is used, with a warning.
 * @throws CnbError CNB_DESCRIPTOR_INVALID
 */
export function readBuilderEnv(entries: readonly FieldReader[]): { files: EnvFile[]; warnings: string[] } {
  const files = new Map<string, string>()
  const warnings: string[] = []
  const set = (name: string, content: string): void => {
    if ((files.get(name) ?? content) !== content) warnings.push(`build.env: '${name}' is set twice; the last value is used`)
    files.set(name, content)
  }
  for (const entry of entries) {
    const { name, value, suffix, delim } = readEntry(entry)
    if (value === '') warnings.push(`build.env: '${name}' has an empty value`)
    set(suffix ? `${name}.${suffix}` : name, value)
    if (delim) set(`${name}.delim`, delim)
  }
  for (const entry of entries) {
    const { name, suffix, delim } = readEntry(entry)
    const joins = suffix === 'append' || suffix === 'prepend'
    // The values are rarely joined without a separator on purpose, so an empty separator must be explicit.
    if (!joins || delim !== undefined || files.has(`${name}.delim`)) continue
    throw entry.error('suffix', `build.env '${name}' with suffix '${suffix}' needs a 'delim'`, 'Set the separator, for example delim = ":".')
  }
  return { files: [...files].map(([name, content]) => ({ name, content })).sort((a, b) => (a.name < b.name ? -1 : 1)), warnings }
}

function readEntry(entry: FieldReader): { name: string; value: string; suffix: string; delim: string | undefined } {
  const name = entry.requiredString('name')
  // The name becomes a file name, in which a dot starts the suffix.
  if (!/^[A-Za-z_][A-Za-z0-9_-]*$/.test(name)) throw entry.error('name', `'${name}' is not a valid name of an environment variable`)
  const suffix = entry.string('suffix') ?? ''
  if (suffix !== '' && !SUFFIXES.has(suffix)) {
    throw entry.error('suffix', `unknown suffix '${suffix}'`, `Use one of: ${[...SUFFIXES].join(', ')}.`)
  }
  for (const key of ['value', 'delim']) {
    // NUL ends a variable's value, and the lifecycle cannot start a process with it.
    if (entry.string(key)?.includes('\0')) throw entry.error(key, `the ${key} of build.env '${name}' contains a NUL character`)
  }
  const result = { name, value: entry.string('value') ?? '', suffix, delim: entry.string('delim') }
  // pack accepts and ignores this key.
  entry.allow('exec-env')
  entry.rejectUnknown()
  return result
}
