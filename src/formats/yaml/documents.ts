/** Reads hostile YAML and JSON as kubectl does, with the position of each key. */

import { Composer, isAlias, isMap, isScalar, isSeq, Lexer, LineCounter, Parser, type Document, type Node } from 'yaml'
import { CnbError, type SourcePosition } from '../../base/errors.ts'
import { isTable } from '../lenient-values.ts'
import type { FieldPath } from '../toml-positions.ts'
import { resolveScalar } from './scalar.ts'

const MAX_BYTES = 10 * 1024 * 1024
const MAX_DEPTH = 100
const MAX_DOCUMENTS = 10_000
/** More than 5000 resources have; bounds memory: a megabyte of `- a` lines takes hundreds. */
const MAX_TOKENS = 1_000_000
/** The values that aliases may add to a document. */
const MAX_ALIASED = 100_000
/** What go-yaml refuses too. */
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/

/** Throws the error for a place of the text. */
type Fail = (offset: number | undefined, cause: string, hint?: string) => never

/** A document of a YAML stream. */
export interface YamlDocument {
  /** Data as JSON has it */
  readonly value: unknown
  /** Returns the position of a path's key or item, or of its nearest parent in the text. */
  readonly position: (path: FieldPath) => SourcePosition
}

/**
 * Parses a stream of documents; empty documents are left out.
 * @param file the file's name in errors
 * @throws CnbError CNB_RESOURCE_INVALID for malformed text, duplicate keys, and more than a limit allows
 */
export function parseYamlDocuments(text: string, file: string): YamlDocument[] {
  const lines = new LineCounter()
  const placed = (offset: number): SourcePosition => {
    const { line, col } = lines.linePos(offset)
    return line === 0 ? { file } : { file, line, column: col }
  }
  const fail: Fail = (offset, cause, hint) => {
    const position = offset === undefined ? { file } : placed(offset)
    throw new CnbError('CNB_RESOURCE_INVALID', `cannot read ${file}: ${cause}`, { position, hint })
  }
  if (Buffer.byteLength(text) > MAX_BYTES) fail(undefined, `it is larger than ${MAX_BYTES / 1024 / 1024} MiB`, 'Split the file.')
  const documents: YamlDocument[] = []
  const composer = new Composer({ schema: 'failsafe', uniqueKeys: false, prettyErrors: false, logLevel: 'silent' })
  for (const document of composer.compose(tokens(text, lines, fail))) {
    const [error] = document.errors
    if (error) fail(error.pos[0], lowerFirst(error.message))
    const tree = new Tree(document, fail)
    const value = tree.value()
    if (value === null) continue
    if (documents.length === MAX_DOCUMENTS) fail(document.range[0], `it has more than ${MAX_DOCUMENTS} documents`, 'Split the file.')
    documents.push({ value, position: (path) => placed(tree.offset(path)) })
  }
  return documents
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}

/** Parses text into tokens, of bounded number and depth: composing a document is recursive. */
function* tokens(text: string, lines: LineCounter, fail: Fail): Generator<Parameters<Composer['next']>[0]> {
  const parser = new Parser(lines.addNewLine)
  lines.addNewLine(0)
  const control = CONTROL.exec(text)
  let count = 0
  for (const lexeme of new Lexer().lex(text)) {
    yield* parser.next(lexeme)
    if (parser.stack.length > MAX_DEPTH) fail(parser.offset, `it is nested more than ${MAX_DEPTH} levels deep`)
    if (++count > MAX_TOKENS) fail(parser.offset, 'it has too many values', 'Split the file.')
  }
  // After the lexer, which finds the lines.
  if (control) fail(control.index, 'control characters are not allowed')
  yield* parser.end()
}

/** A document's data and the offsets of its parts. */
class Tree {
  readonly #root: Node | null
  readonly #fail: Fail
  readonly #anchors = new Map<string, Node>()
  #aliased = 0

  constructor(document: Document.Parsed, fail: Fail) {
    this.#root = document.contents
    this.#fail = fail
  }

  value(): unknown {
    return this.#root ? this.#value(this.#root, 0, false) : null
  }

  /** Returns the offset of a path's last part that exists. */
  offset(path: FieldPath): number {
    let [node, offset] = [this.#root, start(this.#root)]
    for (const part of path) {
      const target = this.#target(node)
      const next = typeof part === 'number' ? this.#item(target, part) : this.#pair(target, part)
      if (!next) return offset
      ;[node, offset] = [next.node, next.offset]
    }
    return offset
  }

  #item(node: Node | null, index: number): { node: Node | null; offset: number } | undefined {
    const item = isSeq(node) ? (node.items[index] as Node | undefined) : undefined
    return item && { node: item, offset: start(item) }
  }

  #pair(node: Node | null, key: string): { node: Node | null; offset: number } | undefined {
    if (!isMap<Node, Node | null>(node)) return undefined
    const pair = node.items.find((item) => keyText(item.key) === key)
    return pair && { node: pair.value, offset: start(pair.key) }
  }

  #target(node: Node | null): Node | null {
    return isAlias(node) ? (this.#anchors.get(node.source) ?? null) : node
  }

  #value(node: Node | null, depth: number, aliased: boolean): unknown {
    if (node === null) return null
    const at = start(node)
    if (aliased && ++this.#aliased > MAX_ALIASED) this.#fail(at, `its aliases add more than ${MAX_ALIASED} values`)
    if (depth > MAX_DEPTH) this.#fail(at, `it is nested more than ${MAX_DEPTH} levels deep`)
    if (isAlias(node)) {
      const target = this.#anchors.get(node.source) ?? this.#fail(at, `no anchor '${node.source}' comes before the alias`)
      return this.#value(target, depth, true)
    }
    const value = isMap<Node, Node | null>(node) ? this.#map(node.items, node.tag, depth, aliased)
      : isSeq<Node>(node) ? this.#list(node.items, node.tag, at, depth, aliased)
      : this.#scalar(node)
    // After the value: an alias within it has no anchor yet.
    if (!aliased && 'anchor' in node && node.anchor !== undefined) this.#anchors.set(node.anchor, node)
    return value
  }

  #list(items: readonly Node[], tag: string | undefined, at: number, depth: number, aliased: boolean): unknown[] {
    this.#knownTag(tag, 'seq', at)
    return items.map((item) => this.#value(item, depth + 1, aliased))
  }

  #map(items: readonly { key: Node; value: Node | null }[], tag: string | undefined, depth: number, aliased: boolean): Record<string, unknown> {
    this.#knownTag(tag, 'map', start(items[0]?.key ?? null))
    const own = new Map<string, unknown>()
    const merged = new Map<string, unknown>()
    for (const { key, value } of items) {
      const name = keyText(key) ?? this.#fail(start(key), 'a key is neither text nor a number')
      if (name === '<<' && isScalar(key) && key.type === 'PLAIN') {
        for (const [inner, of] of this.#merge(value, depth, aliased)) if (!merged.has(inner)) merged.set(inner, of)
        continue
      }
      if (own.has(name)) this.#fail(start(key), `duplicate key '${name}'`)
      own.set(name, this.#value(value, depth + 1, aliased))
    }
    return Object.fromEntries(merged.size > 0 ? [...merged, ...own] : own)
  }

  /** Returns the entries of the mappings that a merge key names. */
  #merge(node: Node | null, depth: number, aliased: boolean): [string, unknown][] {
    const value = this.#value(node, depth + 1, aliased)
    return (Array.isArray(value) ? value : [value]).flatMap((table: unknown) =>
      isTable(table) ? Object.entries(table) : this.#fail(start(node), 'the merge key << needs a mapping'),
    )
  }

  #scalar(node: Node): unknown {
    if (!isScalar(node)) return this.#fail(start(node), 'it has an unknown part')
    const text = String(node.value)
    if (node.tag === '!' || node.tag === 'tag:yaml.org,2002:str') return text
    if (node.tag !== undefined) this.#knownTag(node.tag, '(?:bool|int|float|null|timestamp)', start(node))
    else if (node.type !== 'PLAIN') return text
    const value = resolveScalar(text)
    return value === undefined ? this.#fail(start(node), `JSON has no number '${text}'`) : value
  }

  #knownTag(tag: string | undefined, known: string, at: number): void {
    if (tag !== undefined && !new RegExp(`^tag:yaml\\.org,2002:${known}$`).test(tag)) this.#fail(at, `the tag '${tag}' is not supported here`)
  }
}

function start(node: Node | null | undefined): number {
  return node?.range?.[0] ?? 0
}

/** Returns a key as JSON has it: text, or the text of a plain number or boolean. */
function keyText(key: Node | null): string | undefined {
  if (!isScalar(key)) return undefined
  const text = String(key.value)
  if (key.type !== 'PLAIN') return text
  const value = resolveScalar(text)
  return value === null || value === undefined ? undefined : String(value)
}
