/**
 * Reads YAML files that `stringifyYaml` wrote.
 *
 * The yaml package needs a millisecond for an Image and half a second for a large store. So a short parser reads the form that
 * stringifyYaml writes, block style with a line for each scalar, and leaves any other text to the package: users may edit the files.
 */

import { parseDocument } from 'yaml'

/** A line: its indentation, the dashes of list items that start on it, and the rest. */
interface Line {
  /** The column at which `text` starts, after the dashes. */
  indent: number
  /** The columns of the dashes. */
  readonly dashes: readonly number[]
  readonly text: string
}

/** The text has a form that only the package reads. */
class OtherForm extends Error {}

/** More than any resource has; bounds the recursion. */
const MAX_DEPTH = 100
const KEY = /^(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[A-Za-z0-9_./~$][^\s:#'"]*):(?: |$)/
/** Numbers of YAML 1.2's core schema, and values of it that are not text. */
const NUMBER = /^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/
const JSON_NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$/
const CONSTANTS: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ...['null', 'Null', 'NULL', '~'].map((word) => [word, null] as const),
  ...['true', 'True', 'TRUE'].map((word) => [word, true] as const),
  ...['false', 'False', 'FALSE'].map((word) => [word, false] as const),
  ['[]', []],
  ['{}', {}],
])

/** Returns the value of one YAML document, without anchors and tags. @throws Error if the text is malformed */
export function parseYamlData(text: string): unknown {
  try {
    return new BlockReader(text).document()
  } catch (error) {
    if (!(error instanceof OtherForm)) throw error
  }
  const document = parseDocument(text, { schema: 'core', uniqueKeys: true, strict: true })
  const [error] = document.errors
  if (error) throw new Error(error.message.split('\n')[0])
  return document.toJS({ maxAliasCount: 0 }) as unknown
}

class BlockReader {
  readonly #lines: Line[]
  #at = 0

  constructor(text: string) {
    if (!text.endsWith('\n')) throw new OtherForm()
    this.#lines = text.slice(0, -1).split('\n').map(split)
  }

  document(): unknown {
    const value = this.#block(0, 0)
    if (this.#at < this.#lines.length) throw new OtherForm()
    return value
  }

  /** Reads the value that starts at the current line and at `indent`. */
  #block(indent: number, depth: number): unknown {
    const line = this.#lines[this.#at]
    if (!line || depth > MAX_DEPTH) throw new OtherForm()
    if (line.dashes[0] === indent) return this.#list(indent, depth)
    if (line.dashes.length > 0 || line.indent !== indent) throw new OtherForm()
    if (KEY.test(line.text)) return this.#map(indent, depth)
    this.#at++
    return scalar(line.text)
  }

  #list(indent: number, depth: number): unknown[] {
    const items: unknown[] = []
    for (let line = this.#lines[this.#at]; line?.dashes[0] === indent; line = this.#lines[this.#at]) {
      // The rest of the line is the first line of the item.
      const rest = { ...line, dashes: line.dashes.slice(1) }
      this.#lines[this.#at] = rest
      items.push(this.#block(rest.dashes[0] ?? rest.indent, depth + 1))
    }
    return items
  }

  #map(indent: number, depth: number): Record<string, unknown> {
    const map = new Map<string, unknown>()
    for (let line = this.#lines[this.#at]; line && line.dashes.length === 0 && line.indent === indent; line = this.#lines[this.#at]) {
      const written = KEY.exec(line.text)?.[0]
      if (written === undefined) throw new OtherForm()
      const key = scalar(written.slice(0, written.lastIndexOf(':')))
      if (typeof key !== 'string' || map.has(key)) throw new OtherForm()
      map.set(key, this.#member(line.text.slice(written.length), indent, depth))
    }
    // Unlike an assignment, this makes a property of the key `__proto__`.
    return Object.fromEntries(map)
  }

  #member(text: string, indent: number, depth: number): unknown {
    this.#at++
    if (text !== '') return scalar(text)
    const next = this.#lines[this.#at]
    const start = next?.dashes[0] ?? next?.indent ?? 0
    return start > indent ? this.#block(start, depth + 1) : fail()
  }
}

function split(line: string): Line {
  const dashes: number[] = []
  let indent = line.search(/[^ ]|$/)
  while (line[indent] === '-' && line[indent + 1] === ' ') {
    dashes.push(indent)
    indent += 2
  }
  return { indent, dashes, text: line.slice(indent) }
}

function scalar(text: string): unknown {
  const [first = ''] = text
  if (first === '"') return json(text)
  if (first === "'") return /^'(?:[^']|'')*'$/.test(text) ? text.slice(1, -1).replaceAll("''", "'") : fail()
  if (CONSTANTS.has(text)) return structuredClone(CONSTANTS.get(text))
  if (NUMBER.test(text)) return JSON_NUMBER.test(text) ? Number(text) : fail()
  // Indicators of YAML, and text that ends elsewhere than it seems to.
  return /^[A-Za-z0-9_./$+\\(~^=;<-]/.test(text) && !/: |:$| #|\s$|^-(?: |$)|\t/.test(text) && !/^(?:---|\.\.\.)/.test(text) ? text : fail()
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return fail()
  }
}

function fail(): never {
  throw new OtherForm()
}
