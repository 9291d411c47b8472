/** The forms in which kp prints: tables, and blocks of names and values. */

import { isRecord, valueAt } from '../../../ui/resources/resource-row.ts'
import { sanitizeText } from '../../../ui/sanitize.ts'
import { alignCells } from '../../pack/tab-writer.ts'

/** kp's padding of columns. */
const PADDING = 4

/** Returns a table, with an empty line after it. */
export function kpTable(headings: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [...alignCells([headings, ...rows.map((row) => row.map(sanitizeText))], PADDING), '']
}

/** Returns a block, with an empty line after it; an empty value is `--`. */
export function kpBlock(heading: string, items: readonly (readonly [name: string, value: string])[]): string[] {
  const lines = alignCells(items.map(([name, value]) => [`${name}:`, value === '' ? '--' : sanitizeText(value)]), PADDING)
  return [...(heading === '' ? [] : [heading]), ...lines, '']
}

/** Returns the text at a path of keys; '' if it is absent. */
export function textAt(value: unknown, ...path: readonly string[]): string {
  const found = valueAt(value, ...path)
  return typeof found === 'string' ? found : ''
}

/** Returns the list at a path of keys; empty if it is absent. */
export function listAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const found = valueAt(value, ...path)
  return Array.isArray(found) ? (found as unknown[]) : []
}

/** Returns a condition of a resource. */
export function conditionAt(resource: unknown, type: string): Readonly<Record<string, unknown>> | undefined {
  return listAt(resource, 'status', 'conditions').filter(isRecord).find((condition) => condition['type'] === type)
}

/** Returns `True`, `False` or `Unknown`. */
export function readyText(resource: unknown): string {
  return textAt(conditionAt(resource, 'Ready'), 'status') || 'Unknown'
}
