/** Documents of resource files: one resource each, with lists expanded. */

import { CnbError, type SourcePosition } from '../base/errors.ts'
import { isTable } from '../formats/lenient-values.ts'
import type { FieldPath } from '../formats/toml-positions.ts'
import { parseYamlDocuments } from '../formats/yaml/documents.ts'

/** A file with resources, as read from disk or standard input. */
export interface ResourceFile {
  /** The name for messages */
  readonly file: string
  readonly text: string
  /** Where relative paths of local sources begin */
  readonly directory: string
}

export interface ResourceDocument {
  readonly value: Record<string, unknown>
  readonly file: ResourceFile
  /** Returns the position of a path, or of its nearest parent in the text. */
  readonly position: (path: FieldPath) => SourcePosition
}

/**
 * Reads the documents of a file; a `List` is replaced by its items.
 * @throws CnbError CNB_RESOURCE_INVALID if the file is malformed
 */
export function readDocuments(file: ResourceFile): ResourceDocument[] {
  return parseYamlDocuments(file.text, file.file).flatMap(({ value, position }) => expand(value, file, position))
}

function expand(value: unknown, file: ResourceFile, position: ResourceDocument['position']): ResourceDocument[] {
  if (!isTable(value)) throw new CnbError('CNB_RESOURCE_INVALID', `cannot read ${file.file}: a document is not a mapping`, { position: position([]) })
  const { apiVersion, kind, items } = value
  if (typeof kind !== 'string' || !kind.endsWith('List') || !Array.isArray(items)) return [{ value, file, position }]
  // Items of a List have all fields; those of an ImageList may lack apiVersion and kind.
  const typed = kind === 'List' ? {} : { apiVersion, kind: kind.slice(0, -'List'.length) }
  return items.flatMap((item: unknown, index) =>
    expand(isTable(item) ? { ...typed, ...item } : item, file, (path) => position(['items', index, ...path])),
  )
}
