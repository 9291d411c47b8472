/** Faults of fields, with the texts and the order of knative's FieldError. */

import type { FieldPath } from '../../formats/toml-positions.ts'

export interface FieldFault {
  readonly message: string
  /** From the part that was checked: `source.git.url`, `[0].name` */
  readonly paths: readonly string[]
  readonly details?: string
}

export function missing(...paths: string[]): FieldFault {
  return { message: 'missing field(s)', paths }
}

export function invalid(value: string, path: string, details?: string): FieldFault {
  return { message: `invalid value: ${value}`, paths: [path], ...(details !== undefined && { details }) }
}

/** Returns `missing` if the text is absent or empty. */
export function required(value: string | undefined, path: string): FieldFault[] {
  return value ? [] : [missing(path)]
}

/** Puts faults of a part under the part's name: `via('spec', via('[0]', faults))`. */
export function via(prefix: string, faults: readonly FieldFault[]): FieldFault[] {
  return faults.map((fault) => ({ ...fault, paths: fault.paths.map((path) => join(prefix, path)) }))
}

/** Checks each item of a list. */
export function each<Item>(prefix: string, items: readonly Item[] | undefined, check: (item: Item) => readonly FieldFault[]): FieldFault[] {
  return (items ?? []).flatMap((item, index) => via(`${prefix}[${index}]`, check(item)))
}

function join(prefix: string, path: string): string {
  if (path === '') return prefix
  return path.startsWith('[') ? prefix + path : `${prefix}.${path}`
}

/** Merges faults that differ only in their paths, and sorts them. */
export function mergeFaults(faults: readonly FieldFault[]): FieldFault[] {
  const merged = new Map<string, FieldFault>()
  for (const fault of faults) {
    const key = JSON.stringify([fault.message, fault.details])
    const paths = new Set([...(merged.get(key)?.paths ?? []), ...fault.paths])
    merged.set(key, { ...fault, paths: [...paths].sort() })
  }
  return [...merged.values()].sort((a, b) => compare(a.message, b.message) || compare(a.details ?? '', b.details ?? ''))
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Formats a fault as kpack prints it. */
export function formatFault({ message, paths, details }: FieldFault): string {
  return `${message}: ${paths.join(', ')}${details === undefined ? '' : `\n${details}`}`
}

/** Returns the path of `spec.order[0].group`. */
export function parsePath(text: string): FieldPath {
  return text.split(/[.[\]]/).filter((part) => part !== '').map((part) => (/^\d+$/.test(part) ? Number(part) : part))
}
