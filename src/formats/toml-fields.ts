/** Typed access to the fields of a TOML document; errors have the position of the field. */

import { CnbError, type SourcePosition } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import { FieldReader, type FieldError, type OtherCapitals } from './field-reader.ts'
import { sourceLine } from './source-line.ts'
import { locateTomlKeys, type FieldPath } from './toml-positions.ts'
import { parseToml } from './toml.ts'

/**
 * Reads a TOML document; errors are CNB_DESCRIPTOR_INVALID with file, line and column. As in pack and the lifecycle, keys are
 * case-insensitive.
 * @param file the file's name in errors
 * @param context receives a warning for each key in non-standard case
 */
export function readTomlFields(text: string, file: string, { events }: Context = {}): FieldReader {
  const table = parseToml(text, file)
  let locate: ReturnType<typeof locateTomlKeys> | undefined
  const position = (path: FieldPath): SourcePosition => ({ file, ...(locate ??= locateTomlKeys(text))(path) })
  const error: FieldError = (path, message, hint) => {
    const place = position(path)
    return new CnbError('CNB_DESCRIPTOR_INVALID', `${file}: ${message}`, { position: place, source: sourceLine(text, place.line), hint })
  }
  const told = new Set<string>()
  const warn: OtherCapitals = (path, key) => {
    const written = String(path.at(-1))
    if (told.has(written)) return
    told.add(written)
    const { line } = position(path)
    events?.({ type: 'warning', message: `${file}${line === undefined ? '' : `:${line}`}: write the key '${written}' as '${key}'` })
  }
  return new FieldReader(table, [], error, warn)
}
