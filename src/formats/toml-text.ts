/** Finds the TOML text outside of strings and comments, in linear time and for invalid TOML too. */

const OPENING = /["'#]/g
const ENDS: Readonly<Record<string, RegExp>> = {
  '"""': /\\|"""/g,
  "'''": /'''/g,
  '"': /[\\"\n]/g,
  "'": /['\n]/g,
  '#': /\n/g,
}

/** Replaces the text outside of strings and comments, part by part; strings and comments are unchanged. */
export function replaceOutsideText(toml: string, replace: (part: string) => string): string {
  const parts: string[] = []
  for (let at = 0; at < toml.length; ) {
    OPENING.lastIndex = at
    const start = OPENING.exec(toml)?.index ?? toml.length
    const end = start < toml.length ? endOfText(toml, start) : start
    parts.push(replace(toml.slice(at, start)), toml.slice(start, end))
    at = end
  }
  return parts.join('')
}

/** Returns the index after the string or comment that starts at `start`; an unterminated one ends at the line's end. */
function endOfText(toml: string, start: number): number {
  const triple = toml.slice(start, start + 3)
  const opening = triple in ENDS ? triple : (toml[start] ?? '')
  const pattern = ENDS[opening]
  if (!pattern) return start + 1
  pattern.lastIndex = start + opening.length
  for (let match = pattern.exec(toml); match; match = pattern.exec(toml)) {
    if (match[0] !== '\\') return closing(toml, match.index, match[0])
    // An escaped character does not end the string.
    pattern.lastIndex = match.index + 2
  }
  return toml.length
}

/** A closing triple quote may be preceded by up to two more quotes. */
function closing(toml: string, index: number, end: string): number {
  let behind = index + end.length
  if (end.length === 3) for (let more = 0; more < 2 && toml[behind] === end[0]; more++) behind++
  return behind
}
