/** `WWW-Authenticate` (RFC 9110 §11.6.1): how a registry wants to be told who asks. */

export interface Challenge {
  /** In lower case: `basic`, `bearer`. */
  readonly scheme: string
  /** With lower-case names. */
  readonly parameters: ReadonlyMap<string, string>
}

const SEPARATORS = /[\s,]*/y
const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y
const QUOTED = /"((?:[^"\\]|\\.)*)"?/y
const EQUALS = /[ \t]*=[ \t]*/y
/** A value as it should be, or as some write a URL; also what is no part of a challenge. */
const UNQUOTED = /[^\s,]+/y

/** All challenges of all headers of that name; whatever is malformed is passed over. */
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
    // A scheme is a word that nothing is assigned to.
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
