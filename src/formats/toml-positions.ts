/** Positions of keys in a TOML text; the parser only reports positions of syntax errors. */

export interface TextPosition {
  /** Both count from 1. */
  line: number
  column: number
}

/** Keys from the document's root; a number is an index into an array of tables or an array. */
export type FieldPath = readonly (string | number)[]

/**
 * Finds the positions of keys in `text`, which a parser must have accepted: invalid TOML leads to wrong positions, but not to an error.
 * @returns a function that returns the position of a path's key, or of its nearest parent in the text
 */
export function locateTomlKeys(text: string): (path: FieldPath) => TextPosition | undefined {
  const { offsets } = new Scanner(text).scan()
  return (path) => {
    for (let length = path.length; length > 0; length--) {
      const offset = offsets.get(JSON.stringify(path.slice(0, length)))
      if (offset !== undefined) return positionOf(text, offset)
    }
    return undefined
  }
}

/** A key with its value, or the header of a table: offsets in the text, without the rest of the line. */
export interface TomlPart {
  readonly kind: 'pair' | 'header'
  readonly path: FieldPath
  readonly start: number
  readonly end: number
}

/** Returns the keys of tables and the headers in the order of the text, without keys of inline tables. */
export function tomlParts(text: string): readonly TomlPart[] {
  return new Scanner(text).scan().parts
}

function positionOf(text: string, offset: number): TextPosition {
  const before = text.slice(0, offset)
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') }
}

/** Deeper values are skipped: no document that we read is nested this deep, and the scanner is recursive. */
const MAX_DEPTH = 100
const BARE_KEY = /[A-Za-z0-9_-]+/y
const BLANKS = /[ \t]*/y
const GAP = /(?:[ \t\r\n]+|#[^\n]*)*/y
const SCALAR = /[^,\]}\n#]*/y
const BASIC_STRING = /"(?:[^"\\\n]|\\.)*"/y
const LITERAL_STRING = /'[^'\n]*'/y
const LONG_BASIC_STRING = /"""(?:[^\\]|\\[^])*?"""(?!")/y
const LONG_LITERAL_STRING = /'''[^]*?'''(?!')/y

class Scanner {
  readonly #text: string
  readonly #offsets = new Map<string, number>()
  readonly #parts: TomlPart[] = []
  /** The number of tables in each array of tables so far, by path. */
  readonly #lengths = new Map<string, number>()
  #at = 0
  #table: FieldPath = []

  constructor(text: string) {
    this.#text = text
  }

  scan(): { offsets: ReadonlyMap<string, number>; parts: readonly TomlPart[] } {
    // Skip a byte-order mark.
    if (this.#text.startsWith('\uFEFF')) this.#at = 1
    for (this.#take(GAP); this.#at < this.#text.length; this.#take(GAP)) {
      const start = this.#at
      const kind = this.#text[start] === '[' ? 'header' : 'pair'
      const path = kind === 'header' ? this.#header() : this.#pair(this.#table)
      this.#parts.push({ kind, path, start, end: this.#at })
      if (this.#at === start) this.#at++
    }
    return { offsets: this.#offsets, parts: this.#parts }
  }

  #header(): FieldPath {
    const many = this.#text.startsWith('[[', this.#at)
    this.#at += many ? 2 : 1
    this.#take(BLANKS)
    const start = this.#at
    const keys = this.#keys()
    const path: (string | number)[] = []
    keys.forEach((key, index) => {
      path.push(key)
      this.#mark(path, start)
      const name = JSON.stringify(path)
      const length = this.#lengths.get(name) ?? 0
      if (many && index === keys.length - 1) {
        this.#lengths.set(name, length + 1)
        path.push(length)
      } else if (length > 0) path.push(length - 1)
    })
    this.#take(BLANKS)
    this.#at += many ? 2 : 1
    this.#mark(path, start)
    return (this.#table = path)
  }

  #pair(table: FieldPath): FieldPath {
    const start = this.#at
    const keys = this.#keys()
    const path = [...table, ...keys]
    keys.forEach((_, index) => this.#mark(path.slice(0, table.length + index + 1), start))
    this.#take(BLANKS)
    if (this.#text[this.#at] === '=') this.#at++
    this.#take(BLANKS)
    this.#value(path)
    return path
  }

  #value(path: FieldPath): void {
    const first = path.length > MAX_DEPTH ? '' : this.#text[this.#at]
    if (first === '[') this.#items(']', (index) => this.#element([...path, index]))
    else if (first === '{') this.#items('}', () => void this.#pair(path))
    else if (first === '"' || first === "'") this.#string()
    else this.#take(SCALAR)
  }

  #element(path: FieldPath): void {
    this.#mark(path, this.#at)
    this.#value(path)
  }

  /** Scans the items between two brackets, separated by commas. */
  #items(end: string, item: (index: number) => void): void {
    this.#at++
    for (let index = 0; this.#at < this.#text.length; index++) {
      this.#take(GAP)
      if (this.#text[this.#at] === end) break
      const start = this.#at
      item(index)
      this.#take(GAP)
      if (this.#text[this.#at] === ',') this.#at++
      if (this.#at === start) this.#at++
    }
    this.#at++
  }

  #keys(): string[] {
    const keys = [this.#key()]
    for (this.#take(BLANKS); this.#text[this.#at] === '.'; this.#take(BLANKS)) {
      this.#at++
      this.#take(BLANKS)
      keys.push(this.#key())
    }
    return keys
  }

  #key(): string {
    const quote = this.#text[this.#at]
    if (quote !== '"' && quote !== "'") return this.#take(BARE_KEY)
    const token = this.#take(quote === '"' ? BASIC_STRING : LITERAL_STRING)
    if (quote === "'") return token.slice(1, -1)
    try {
      return String(JSON.parse(token))
    } catch {
      // JSON lacks this escape: the key is still distinct, but its position cannot be found by value.
      return token
    }
  }

  #string(): void {
    for (const pattern of [LONG_BASIC_STRING, LONG_LITERAL_STRING, BASIC_STRING, LITERAL_STRING]) {
      if (this.#take(pattern) !== '') return
    }
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const token = pattern.exec(this.#text)?.[0] ?? ''
    this.#at += token.length
    return token
  }

  #mark(path: FieldPath, offset: number): void {
    const name = JSON.stringify(path)
    if (!this.#offsets.has(name)) this.#offsets.set(name, offset)
  }
}
