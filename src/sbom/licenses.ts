/** Licences as SPDX expressions (SPDX 2.3, annex D). */

import parseExpression from 'spdx-expression-parse'
import type { SbomLicense } from './package.ts'
import type { JsonFields } from './json-fields.ts'

type Parsed = ReturnType<typeof parseExpression>

/** A longer expression is an error: its parser is recursive. */
const MAX_EXPRESSION = 2000
/** The characters of expressions. */
const EXPRESSION = /^[A-Za-z0-9.+:() \t-]*$/
/** SPDX's words for a value that is unknown. */
export const UNKNOWN: ReadonlySet<string> = new Set(['NOASSERTION', 'NONE'])

/**
 * Returns a licence; nothing for words that say that it is unknown.
 * @throws CnbError for an expression of excessive length
 */
export function licenseOf(text: string | undefined, stage: SbomLicense['stage'], at: JsonFields, key: string, url?: string): SbomLicense[] {
  if (text === undefined || UNKNOWN.has(text)) return []
  if (text.length > MAX_EXPRESSION && EXPRESSION.test(text)) throw at.error(key, `has more than ${MAX_EXPRESSION} characters`)
  const plain = withoutParentheses(text)
  return [{ text: plain, isExpression: parseLicense(plain) !== undefined, stage, url }]
}

/** Formats differ in the parentheses around a whole expression. */
function withoutParentheses(text: string): string {
  const inner = /^\((.*)\)$/.exec(text)?.[1]?.trim() ?? ''
  const parsed = parseLicense(inner)
  return parsed !== undefined && JSON.stringify(parsed) === JSON.stringify(parseLicense(text)) ? inner : text
}

/** Returns undefined if the text is not an expression. */
export function parseLicense(text: string): Parsed | undefined {
  if (text.length > MAX_EXPRESSION || !EXPRESSION.test(text)) return undefined
  try {
    return parseExpression(text)
  } catch {
    return undefined
  }
}

/** Returns the single licences of an expression. */
export function leavesOf(parsed: Parsed): Exclude<Parsed, { conjunction: unknown }>[] {
  return 'conjunction' in parsed ? [...leavesOf(parsed.left), ...leavesOf(parsed.right)] : [parsed]
}

/** Returns one expression that requires all of several. */
export function joinExpressions(texts: readonly string[]): string {
  if (texts.length === 1) return texts[0]!
  return texts.map((text) => (/\s(AND|OR)\s/.test(text) ? `(${text})` : text)).join(' AND ')
}

/** Returns the expression's own licences, which a document must define. */
export function ownLicenses(expression: string): string[] {
  return parseLicense(expression) === undefined ? [] : [...new Set(expression.match(/LicenseRef-[A-Za-z0-9.-]+/g))]
}
