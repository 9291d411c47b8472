import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BadPattern, globPattern } from '../../../../src/formats/go/glob.ts'

interface Vector {
  pattern: string
  name: string
  matches: boolean | 'malformed'
}

const vectors = JSON.parse(readFileSync('fixtures/golden/layers/glob-match.json', 'utf8')) as Vector[]

function outcome(pattern: string, name: string): boolean | 'malformed' {
  try {
    return globPattern(pattern)(name)
  } catch (error) {
    if (error instanceof BadPattern) return 'malformed'
    throw error
  }
}

describe('globPattern', () => {
  it('agrees with Go, including malformed patterns and names that are not UTF-8', () => {
    expect(vectors.length).toBeGreaterThan(500)
    const wrong = vectors.filter(({ pattern, name, matches }) => outcome(pattern, Buffer.from(name, 'base64').toString('latin1')) !== matches)
    expect(wrong).toEqual([])
  })

  it('matches any path with itself after escaping', () => {
    const names = fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 }).filter((name) => !/^\.\.?$|\//.test(name)), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(names, (parts) => {
        const path = parts.join('/')
        const escaped = path.replaceAll(/[\\*?[]/g, '\\$&')
        expect(globPattern(escaped)(Buffer.from(path).toString('latin1'))).toBe(true)
      }),
    )
  })

  it('matches a star with any name, but never with a slash', () => {
    const name = fc.uint8Array({ minLength: 1, maxLength: 10 }).map((bytes) => Buffer.from(bytes.map((byte) => (byte === 0x2f ? 0x61 : byte))).toString('latin1'))
    fc.assert(
      fc.property(name, name, (a, b) => {
        expect([globPattern('*')(a), globPattern('*')(`${a}/${b}`), globPattern('*/*')(`${a}/${b}`)]).toEqual([true, false, true])
      }),
    )
  })

  it.each([
    ['a/', 'a'],
    ['./a', 'a'],
    ['b/../a', 'a'],
    ['b//c', 'b/c'],
  ])('normalizes %s first', (pattern, name) => {
    expect(globPattern(pattern)(name)).toBe(true)
  })
})
