/**
 * Edits single members in the text of a JSON object.
 *
 * Parsing and serializing again would lose the order of keys that look like numbers, and integers above 2^53. Both occur in the layer
 * metadata of buildpacks.
 */

/** Returns a member's new JSON from its current JSON (undefined if absent); undefined removes the member. */
export type MemberEdit = (json: string | undefined) => string | undefined

interface Member {
  readonly key: string
  /** Key, colon and value as in the text. */
  readonly text: string
  readonly value: string
}

/**
 * @param text a valid JSON object (JSON.parse accepts it)
 * @param edits by key; a missing member is added at the end
 */
export function editJsonObject(text: string, edits: Readonly<Record<string, MemberEdit>>): string {
  const members = membersOf(text)
  const missing = Object.keys(edits).filter((key) => !members.some((member) => member.key === key))
  const written = [
    ...members.map(({ key, text, value }) => (Object.hasOwn(edits, key) ? write(key, edits[key]?.(value)) : text)),
    ...missing.map((key) => write(key, edits[key]?.(undefined))),
  ]
  return `{${written.filter((member) => member !== undefined).join(',')}}`
}

function write(key: string, json: string | undefined): string | undefined {
  return json === undefined ? undefined : `${JSON.stringify(key)}:${json}`
}

function membersOf(text: string): Member[] {
  const members: Member[] = []
  let at = skipSpace(text, text.indexOf('{') + 1)
  while (text[at] === '"') {
    const start = at
    const keyEnd = endOfString(text, start)
    const valueStart = skipSpace(text, text.indexOf(':', keyEnd) + 1)
    const end = endOfValue(text, valueStart)
    members.push({ key: JSON.parse(text.slice(start, keyEnd)) as string, text: text.slice(start, end), value: text.slice(valueStart, end) })
    at = skipSpace(text, end)
    if (text[at] === ',') at = skipSpace(text, at + 1)
  }
  return members
}

// These searches use regular expressions: V8 would first compile loops over characters, and a rebase of many images spent a tenth of
// its time on that.
const SPACE = /[ \t\n\r]*/y
const END_OF_WORD = /[ \t\n\r,}\]]|$/g
const BRACKET_OR_QUOTE = /["{}[\]]|$/g

function skipSpace(text: string, from: number): number {
  SPACE.lastIndex = from
  SPACE.exec(text)
  return SPACE.lastIndex
}

function find(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from
  return pattern.exec(text)?.index ?? text.length
}

/** Returns the index after the closing quote of the JSON string that starts at `from`. */
export function endOfString(text: string, from: number): number {
  for (let quote = text.indexOf('"', from + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let slash = quote
    while (text[slash - 1] === '\\') slash--
    // Every second backslash is an escaped one.
    if ((quote - slash) % 2 === 0) return quote + 1
  }
  return text.length
}

/** Returns the index after the value that starts at `from`; counts brackets without recursion, so depth uses no stack. */
function endOfValue(text: string, from: number): number {
  const first = text[from]
  if (first === '"') return endOfString(text, from)
  // A number, true, false or null ends before the next delimiter; an object or a list ends with its closing bracket.
  if (first !== '{' && first !== '[') return find(END_OF_WORD, text, from)
  let depth = 0
  for (let at = from; at < text.length; ) {
    at = find(BRACKET_OR_QUOTE, text, at)
    const char = text[at]
    if (char === '"') {
      at = endOfString(text, at)
      continue
    }
    at++
    depth += char === '{' || char === '[' ? 1 : -1
    if (depth === 0) return at
  }
  return text.length
}
