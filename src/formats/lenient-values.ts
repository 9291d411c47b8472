/**
 * Readers for JSON of engines, registries and images; a value of an unexpected type counts as absent.
 * FieldReader (field-reader.ts) reads descriptors, labels and the project's own files, where it is an error.
 */

/** Whether a value is a JSON object or a TOML table: not a list, and not a TOML date. */
export function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
}

export function recordOf(value: unknown): Record<string, unknown> {
  return isTable(value) ? value : {}
}

export function recordsOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isTable) : []
}

/** Returns a non-empty string, or undefined. */
export function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

export function stringsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}

export function stringMapOf(value: unknown): Record<string, string> {
  return Object.fromEntries(Object.entries(recordOf(value)).filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
}

/** Returns a non-negative number, or undefined. */
export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 ? value : undefined
}
