/** Parses `WWW-Authenticate` challenges of registries (RFC 9110 §11.6.1). */

export interface Challenge {
  /** In lower case: `basic`, `bearer`. */
  readonly scheme: string
  /** With names in lower case. */
  readonly parameters: ReadonlyMap<string, string>
}

const SEPARATORS = /[\s,]*/y
const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y
const QUOTED = /"((?:[^"\\]|\\.)*)"?/y
const EQUALS = /[ \t]*=[ \t]*/y
/** A valid value, or an unquoted URL as some servers write it; also matches other text between challenges. */
const UNQUOTED = /[^\s,]+/y

/** Parses all challenges of all headers; malformed ones are skipped. */
export function parseChallenges(headers: readonly string[]): Challenge[] {
  return headers.flatMap(parse)
}

function parse(text: string): Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = []
  let at = 0
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at
    const match = pattern.exec(text)
    if (match) at = pattern.lastIndex
    return match ?? undefined
  }
  while (at < text.length) {
    take(SEPARATORS)
    const name = take(TOKEN)?.[0]
    if (name === undefined) take(UNQUOTED)
    // A scheme is a word without a value.
    else if (!take(EQUALS)) challenges.push({ scheme: name.toLowerCase(), parameters: new Map() })
    else {
      const quoted = take(QUOTED)?.[1]
      const value = quoted === undefined ? take(UNQUOTED)?.[0] : quoted.replace(/\\(.)/gs, '$1')
      const { parameters } = challenges.at(-1) ?? {}
      if (value !== undefined && !parameters?.has(name.toLowerCase())) parameters?.set(name.toLowerCase(), value)
    }
  }
  return challenges
}
