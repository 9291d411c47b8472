/**
 * Evaluates templates of kubectl's `-o jsonpath`, in part.
 *
 * Supported: `{.a.b}`, `{.a['b']}`, `{.a[0]}`, `{.a[-1]}`, `{.a[*]}`, `{.a[?(@.type=="Ready")].b}`, `{"text"}`, `{range .a[*]}…{end}`, and
 * text outside of braces.
 */

import { CnbError } from '../../base/errors.ts'
import { sanitizeText } from '../sanitize.ts'
import { isRecord, valueAt } from './resource-row.ts'

type Step =
  | { readonly key: string }
  | { readonly index: number }
  | { readonly all: true }
  | { readonly filter: readonly Step[]; readonly isEqual: boolean; readonly text: string }

type Part = string | { readonly path: readonly Step[] } | { readonly range: readonly Step[]; readonly parts: readonly Part[] }

/** Text, an action in braces, or a brace that is not closed; quoted text in an action may have braces. */
const PIECE = /[^{]+|\{((?:[^}"']|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')*)\}|\{/gy
const STEP = /\.?\*|\.((?:[^.[\]\s{}()*"'\\]|\\.)+)|\['((?:[^'\\]|\\.)*)'\]|\[(-?\d{1,9}|\*)\]|\[\?\(@((?:[^()"'=!<>]|\\.)+?)\s*(==|!=)\s*("[^"]*"|'[^']*')\)\]/y
const TEXT = /"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'/y
/** Bounds the work for a template. */
const MAX_LENGTH = 64 * 1024

/** Evaluates a template. @throws CnbError CNB_USAGE for other templates, and for an index that does not exist */
export function evaluateJsonPath(template: string, value: unknown): string {
  if (template.length > MAX_LENGTH) throw invalid(template, `it is longer than ${MAX_LENGTH} characters`)
  const pieces = [...template.matchAll(PIECE)]
  const parts = parse(pieces[Symbol.iterator](), template, false)
  return render(parts, value, value, template)
}

function parse(pieces: Iterator<RegExpMatchArray>, template: string, isRange: boolean): Part[] {
  const parts: Part[] = []
  for (let next = pieces.next(); next.done !== true; next = pieces.next()) {
    const [piece, inside] = next.value
    const action = inside?.trim()
    if (action === undefined) {
      if (piece.startsWith('{')) throw invalid(template, 'a { is not closed')
      parts.push(piece)
    } else if (action === 'end') {
      if (isRange) return parts
      throw invalid(template, '{end} has no {range}')
    } else if (/^range\s/.test(action)) parts.push({ range: pathOf(action.slice('range'.length).trim(), template), parts: parse(pieces, template, true) })
    else parts.push(...actionParts(action, template))
  }
  if (isRange) throw invalid(template, '{range} has no {end}')
  return parts
}

/** An action has a path, or quoted text. */
function actionParts(action: string, template: string): Part[] {
  TEXT.lastIndex = 0
  const text = TEXT.exec(action)
  if (text && text[0].length === action.length) return [unescaped(text[1] ?? text[2] ?? '')]
  return [{ path: pathOf(action, template) }]
}

function pathOf(path: string, template: string): Step[] {
  const steps: Step[] = []
  const from = /^[$@]/.test(path) ? 1 : 0
  const text = path.slice(from) === '.' ? '' : path.slice(from)
  for (STEP.lastIndex = 0; STEP.lastIndex < text.length; ) {
    const at = STEP.lastIndex
    const found = STEP.exec(text)
    if (!found) throw invalid(template, `${JSON.stringify(text.slice(at, at + 50))} is not supported`)
    const [, name, quoted, index, filter, operator, compared = ''] = found
    if (name !== undefined || quoted !== undefined) steps.push({ key: (name ?? quoted ?? '').replace(/\\(.)/g, '$1') })
    else if (filter !== undefined) {
      const end = STEP.lastIndex
      steps.push({ filter: pathOf(filter, template), isEqual: operator === '==', text: compared.slice(1, -1) })
      STEP.lastIndex = end
    } else steps.push(index === undefined || index === '*' ? { all: true } : { index: Number(index) })
  }
  if (steps.length === 0 && path === '') throw invalid(template, 'it has an empty {}')
  return steps
}

function render(parts: readonly Part[], root: unknown, current: unknown, template: string): string {
  return parts
    .map((part) => {
      if (typeof part === 'string') return part
      if ('path' in part) return find(part.path, current, template).map((value) => sanitizeText(shown(value))).join(' ')
      return find(part.range, current, template).map((item) => render(part.parts, root, item, template)).join('')
    })
    .join('')
}

function find(path: readonly Step[], start: unknown, template: string): unknown[] {
  return path.reduce<unknown[]>((values, step) => values.flatMap((value) => take(step, value, template)), [start])
}

function take(step: Step, value: unknown, template: string): unknown[] {
  if ('key' in step) {
    const found = valueAt(value, step.key)
    return found === undefined ? [] : [found]
  }
  const items: unknown[] = Array.isArray(value) ? value : isRecord(value) && !('index' in step) ? Object.keys(value).sort().map((key) => value[key]) : []
  if ('all' in step) return items
  if ('filter' in step) return items.filter((item) => find(step.filter, item, template).some((found) => shown(found) === step.text) === step.isEqual)
  const at = step.index < 0 ? items.length + step.index : step.index
  if (at < 0 || at >= items.length) throw invalid(template, `the index ${step.index} is outside of a list of ${items.length}`)
  return [items[at]]
}

/** Returns text as it is, and other values as Go's JSON with sorted keys. */
function shown(value: unknown): string {
  return typeof value === 'string' ? value : json(value).replace(/[<>&]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function json(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(json).join(',')}]`
  if (!isRecord(value)) return JSON.stringify(value ?? null)
  return `{${Object.keys(value).sort().filter((key) => value[key] !== undefined).map((key) => `${JSON.stringify(key)}:${json(value[key])}`).join(',')}}`
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (_, character: string) => ({ n: '\n', t: '\t', r: '\r' })[character] ?? character)
}

function invalid(template: string, cause: string): CnbError {
  const shown = template.length > 100 ? `${template.slice(0, 100)}…` : template
  return new CnbError('CNB_USAGE', `cannot evaluate the jsonpath ${JSON.stringify(shown)}: ${cause}`, { hint: 'Write keys, indexes, [*], [?(@.key=="text")] and {range}…{end}, or use -o json.' })
}
