/**
 * Changes single members in the text of a JSON object. Parsing and writing again would lose what JavaScript's objects cannot
 * hold: the order of keys that look like numbers, and integers above 2^53. Both occur in buildpacks' layer metadata.
 */

/** Gives a member's new JSON from its present one (undefined where it is absent); undefined takes the member away. */
export type MemberEdit = (json: string | undefined) => string | undefined

interface Member {
  readonly key: string
  /** Key, colon and value as they stand in the text. */
  readonly text: string
  readonly value: string
}

/**
 * @param text a valid JSON object (JSON.parse accepts it)
 * @param edits by key; a key that is not there yet is added at the end
 */
export function editJsonObject(text: string, edits: Readonly<Record<string, MemberEdit>>): string {
  const members = [...membersOf(text)]
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

function* membersOf(text: string): Generator<Member> {
  let at = skipSpace(text, text.indexOf('{') + 1)
  while (text[at] === '"') {
    const start = at
    const keyEnd = endOfString(text, start)
    const valueStart = skipSpace(text, text.indexOf(':', keyEnd) + 1)
    const end = endOfValue(text, valueStart)
    yield { key: JSON.parse(text.slice(start, keyEnd)) as string, text: text.slice(start, end), value: text.slice(valueStart, end) }
    at = skipSpace(text, end)
    if (text[at] === ',') at = skipSpace(text, at + 1)
  }
}

function skipSpace(text: string, from: number): number {
  let at = from
  while (' \t\n\r'.includes(text[at] ?? '-')) at++
  return at
}

/** The index after the closing quote of the string that opens at `from`. */
function endOfString(text: string, from: number): number {
  let at = from + 1
  while (text[at] !== '"' && at < text.length) at += text[at] === '\\' ? 2 : 1
  return at + 1
}

/** The index after the value that begins at `from`; counts brackets, so that depth costs no stack. */
function endOfValue(text: string, from: number): number {
  if (text[from] === '"') return endOfString(text, from)
  let at = from
  let depth = 0
  while (at < text.length) {
    const char = text.charAt(at)
    if (char === '"') {
      at = endOfString(text, at)
      continue
    }
    // A number, true, false or null ends before what follows it; an object or a list with its own last bracket.
    if (depth === 0 && ' \t\n\r,}]'.includes(char)) return at
    if (char === '{' || char === '[') depth++
    at++
    if ((char === '}' || char === ']') && --depth === 0) return at
  }
  return at
}
