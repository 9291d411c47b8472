/** Labels of fields as kubectl describe derives them: `buildCounter` becomes `Build Counter`. */

const ACRONYMS = new Set(['API', 'URL', 'UID', 'OSB', 'GUID'])
/** Runs of one class of characters; the last capital before small letters belongs to these. */
const PARTS = /\p{Lu}+(?!\p{Ll})|\p{Lu}?\p{Ll}+|\p{Lu}|-+|\p{L}+/gu

export function fieldLabel(field: string): string {
  if (!/^[\p{L}-]*$/u.test(field)) return field
  return (field.match(PARTS) ?? []).map((part) => (ACRONYMS.has(part.toUpperCase()) ? part.toUpperCase() : part.charAt(0).toUpperCase() + part.slice(1))).join(' ')
}
