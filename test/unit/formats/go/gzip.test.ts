import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { goGzip } from '../../../../src/formats/go/gzip.ts'

interface Vector {
  words: number
  size: number
  sha256: string
}

const golden = JSON.parse(readFileSync(join(import.meta.dirname, '../../../../fixtures/golden/go-gzip.json'), 'utf8')) as Vector[]

/** The content of fixtures/golden/go-gzip.go. */
function content(words: number, size: number): Buffer {
  const parts: Buffer[] = []
  let state = (words * 7919 + size) >>> 0
  for (let length = 0; length < size; length += parts.at(-1)!.length) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    parts.push(words === 0 ? Buffer.from([state >>> 24]) : Buffer.from(`word-${(state >>> 16) % words} = ${(state >>> 8) % words}\n`))
  }
  return Buffer.concat(parts).subarray(0, size)
}

test.each(golden)('compresses $size bytes of $words words as Go does', ({ words, size, sha256 }) => {
  expect(createHash('sha256').update(goGzip(content(words, size))).digest('hex')).toBe(sha256)
})

test('writes gzip that zlib can read', () => {
  const repeated = fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 400 }), fc.integer({ min: 1, max: 400 })).map(([bytes, times]) => Buffer.concat(Array.from({ length: times }, () => bytes)))
  fc.assert(fc.property(fc.oneof(repeated, fc.uint8Array({ maxLength: 2000 })), (bytes) => {
    expect(gunzipSync(goGzip(Buffer.from(bytes))).equals(bytes)).toBe(true)
  }))
})
