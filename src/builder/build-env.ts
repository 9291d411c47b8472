/** `[[build.env]]`: what a builder's maker sets for every build (specification, platform.md "Operator-Defined Variables"). */

import type { FieldReader } from '../formats/field-reader.ts'

/** A file of `/cnb/build-config/env`. */
export interface EnvFile {
  readonly name: string
  readonly content: string
}

const SUFFIXES = new Set(['default', 'override', 'append', 'prepend'])

/**
 * Turns entries into files: `NAME`, `NAME.suffix`, `NAME.delim`. Of entries for one file, the last one counts, with a warning.
 * @throws CnbError CNB_DESCRIPTOR_INVALID
 */
export function readBuildEnv(entries: readonly FieldReader[]): { files: EnvFile[]; warnings: string[] } {
  const files = new Map<string, string>()
  const warnings: string[] = []
  const set = (name: string, content: string): void => {
    if ((files.get(name) ?? content) !== content) warnings.push(`build.env: '${name}' is there twice; the last value counts`)
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
    // Nothing between the values must be said, for it is seldom what is meant.
    if (!joins || delim !== undefined || files.has(`${name}.delim`)) continue
    throw entry.error('suffix', `build.env '${name}' with suffix '${suffix}' needs a 'delim'`, 'Write for example delim = ":".')
  }
  return { files: [...files].map(([name, content]) => ({ name, content })).sort((a, b) => (a.name < b.name ? -1 : 1)), warnings }
}

function readEntry(entry: FieldReader): { name: string; value: string; suffix: string; delim: string | undefined } {
  const name = entry.requiredString('name')
  // A dot would start a suffix, and the name becomes that of a file.
  if (!/^[A-Za-z_][A-Za-z0-9_-]*$/.test(name)) throw entry.error('name', `'${name}' is not a name for an environment variable`)
  const suffix = entry.string('suffix') ?? ''
  if (suffix !== '' && !SUFFIXES.has(suffix)) {
    throw entry.error('suffix', `unknown suffix '${suffix}'`, `There are: ${[...SUFFIXES].join(', ')}.`)
  }
  for (const key of ['value', 'delim']) {
    // A program would see the value's end there, and the lifecycle cannot start any with it.
    if (entry.string(key)?.includes('\0')) throw entry.error(key, `build.env '${name}' has a NUL in its ${key}`)
  }
  const result = { name, value: entry.string('value') ?? '', suffix, delim: entry.string('delim') }
  // pack accepts it and does nothing with it.
  entry.allow('exec-env')
  entry.rejectUnknown()
  return result
}
