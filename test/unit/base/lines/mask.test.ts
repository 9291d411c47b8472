import { expect, test } from 'vitest'
import { LineSplitter } from '../../../../src/base/lines/line-splitter.ts'
import { Mask } from '../../../../src/base/lines/mask.ts'

function linesOf(mask: Mask, chunks: readonly string[]): string[] {
  const lines: string[] = []
  const splitter = new LineSplitter((line) => lines.push(line), mask)
  for (const chunk of chunks) splitter.write(Buffer.from(chunk))
  splitter.end()
  return lines
}

test('hides a value, each of its lines, and the longer of two that overlap', () => {
  const mask = new Mask(['  first line\r\nsecond line\n', 'second', 'abc'])
  expect(mask.hide('a first line, a second line, the second, abc')).toBe('a ***, a ***, the ***, abc')
  expect(mask.longest).toBe('first line\r\nsecond line'.length)
})

test('hides nothing of a value with fewer than 4 characters', () => {
  expect(new Mask(['abc', '', ' \n1\n']).hide('abc 1')).toBe('abc 1')
})

test('hides a value that arrives in pieces', () => {
  expect(linesOf(new Mask(['hidden-value']), ['a hidd', 'en-val', 'ue b\nhidden-', 'value'])).toEqual(['a *** b', '***'])
})

test('hides a value at the place where a long line is cut', () => {
  const mask = new Mask(['hidden-value'])
  for (let before = 65_536 - 14; before <= 65_536 + 2; before++) {
    const text = `${'x'.repeat(before)}hidden-value${'y'.repeat(65_536)}`
    for (const chunks of [[text], [text.slice(0, before + 5), text.slice(before + 5)]]) {
      const lines = linesOf(mask, chunks)
      expect(lines.join('')).toBe(`${'x'.repeat(before)}***${'y'.repeat(65_536)}`)
      expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(65_536 + 12)
    }
  }
})
