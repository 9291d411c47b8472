/** File name patterns with the semantics of Go's path/filepath, for slices in launch.toml. */

import { posix } from 'node:path'

/** The pattern is malformed. */
export class BadPattern extends Error {}

const INVALID = { rune: 0xfffd, length: 1, valid: false }

/**
 * Compiles a pattern to a test for paths, which are latin1 text with one character per byte. The pattern is normalized first, like
 * Go's filepath.Clean. `*` matches any number of bytes except a slash, `?` one character except a slash, `[^a-z\]]` a character
 * class, `\` escapes the next character; characters are UTF-8, and an invalid byte counts as U+FFFD.
 *
 * As in Go, the test throws BadPattern if the part of the pattern that it evaluates is malformed.
 */
export function globPattern(pattern: string): (path: string) => boolean {
  const clean = posix.normalize(Buffer.from(pattern).toString('latin1'))
  const parts = partsOf(clean.length > 1 && clean.endsWith('/') ? clean.slice(0, -1) : clean)
  return (path) => matches(parts, path)
}

/** The text between stars; `star`: a star precedes it. */
interface Part {
  readonly star: boolean
  readonly text: string
}

function partsOf(pattern: string): Part[] {
  const parts: Part[] = []
  for (let start = 0; start < pattern.length; ) {
    const first = start
    while (pattern[start] === '*') start++
    let end = start
    for (let inClass = false; end < pattern.length && (inClass || pattern[end] !== '*'); end++) {
      if (pattern[end] === '\\') end = Math.min(end + 1, pattern.length - 1)
      else if (pattern[end] === '[') inClass = true
      else if (pattern[end] === ']') inClass = false
    }
    parts.push({ star: start > first, text: pattern.slice(start, end) })
    start = end
  }
  return parts
}

/** A star matches as little as lets the following part match; the match never backtracks to an earlier star. */
function matches(parts: readonly Part[], path: string): boolean {
  let rest = path
  for (const [index, { star, text }] of parts.entries()) {
    const isLast = index === parts.length - 1
    if (star && text === '') return !rest.includes('/')
    let after = startOf(text, rest)
    for (let skipped = 0; star && (after === undefined || (isLast && after !== '')); skipped++) {
      if (skipped >= rest.length || rest[skipped] === '/') return false
      after = startOf(text, rest.slice(skipped + 1))
    }
    if (after === undefined || (isLast && after !== '')) return false
    rest = after
  }
  return rest === ''
}

/** Returns the rest of `path` after the part; undefined if it does not match. The whole part is validated in any case. */
function startOf(part: string, path: string): string | undefined {
  let rest: string | undefined = path
  for (let at = 0; at < part.length; ) {
    if (rest === '') rest = undefined
    const character = part[at]
    if (character === '[') {
      const { end, includes } = classAt(part, at + 1)
      if (rest !== undefined) {
        const { rune, length } = runeAt(rest, 0)
        rest = includes(rune) ? rest.slice(length) : undefined
      }
      at = end
    } else if (character === '?') {
      if (rest !== undefined) rest = rest.startsWith('/') ? undefined : rest.slice(runeAt(rest, 0).length)
      at++
    } else {
      const literal = character === '\\' ? at + 1 : at
      if (literal === part.length) throw new BadPattern()
      if (rest !== undefined) rest = rest[0] === part[literal] ? rest.slice(1) : undefined
      at = literal + 1
    }
  }
  return rest
}

/** Parses the class with its first character at `start`. */
function classAt(part: string, start: number): { end: number; includes: (rune: number) => boolean } {
  const negated = part[start] === '^'
  const ranges: [number, number][] = []
  let at = negated ? start + 1 : start
  while (part[at] !== ']' || ranges.length === 0) {
    const low = classRuneAt(part, at)
    const high = part[low.end] === '-' ? classRuneAt(part, low.end + 1) : low
    ranges.push([low.rune, high.rune])
    at = high.end
  }
  return { end: at + 1, includes: (rune) => ranges.some(([low, high]) => low <= rune && rune <= high) !== negated }
}

/** Parses a character of a class, which another character must follow. */
function classRuneAt(part: string, start: number): { rune: number; end: number } {
  const character = part[start]
  if (character === undefined || character === '-' || character === ']') throw new BadPattern()
  const at = character === '\\' ? start + 1 : start
  const { rune, length, valid } = at < part.length ? runeAt(part, at) : INVALID
  if (!valid || at + length >= part.length) throw new BadPattern()
  return { rune, end: at + length }
}

/** Decodes the UTF-8 character at `at`; an invalid byte has length 1. */
function runeAt(bytes: string, at: number): { rune: number; length: number; valid: boolean } {
  const first = bytes.charCodeAt(at)
  if (first < 0x80) return { rune: first, length: 1, valid: true }
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2
  const text = Buffer.from(bytes.slice(at, at + length), 'latin1').toString()
  const rune = text.codePointAt(0) ?? 0
  const whole = Buffer.byteLength(String.fromCodePoint(rune)) === length && [...text].length === 1
  const isReplacement = rune === 0xfffd && bytes.slice(at, at + 3) !== '\xef\xbf\xbd'
  return whole && !isReplacement ? { rune, length, valid: true } : INVALID
}
