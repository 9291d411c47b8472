/** TOML's text outside of strings and comments, found in linear time whatever the text is: the parser says later what is wrong. */

const OPENING = /["'#]/g
const ENDS: Readonly<Record<string, RegExp>> = {
  '"""': /\\|"""/g,
  "'''": /'''/g,
  '"': /[\\"\n]/g,
  "'": /['\n]/g,
  '#': /\n/g,
}

/** Replaces the text outside of strings and comments, part by part; these stay as they are. */
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

/** The index behind the string or comment that begins at `start`; a line that leaves one open ends it. */
function endOfText(toml: string, start: number): number {
  const triple = toml.slice(start, start + 3)
  const opening = triple in ENDS ? triple : (toml[start] ?? '')
  const pattern = ENDS[opening]
  if (!pattern) return start + 1
  pattern.lastIndex = start + opening.length
  for (let match = pattern.exec(toml); match; match = pattern.exec(toml)) {
    if (match[0] !== '\\') return closing(toml, match.index, match[0])
    // What it escapes ends nothing.
    pattern.lastIndex = match.index + 2
  }
  return toml.length
}

/** Up to two quotes may stand before the three that close a string. */
function closing(toml: string, index: number, end: string): number {
  let behind = index + end.length
  if (end.length === 3) for (let more = 0; more < 2 && toml[behind] === end[0]; more++) behind++
  return behind
}
