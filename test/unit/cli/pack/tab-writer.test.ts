import { expect, test } from 'vitest'
import { alignCells } from '../../../../src/cli/pack/tab-writer.ts'

test('aligns the columns of consecutive lines', () => {
  expect(alignCells([['ID', 'VERSION', 'HOMEPAGE'], ['acme/node', '1.0.0', '-']], 4)).toEqual(['ID           VERSION    HOMEPAGE', 'acme/node    1.0.0      -'])
})

test('begins the columns anew after a line that lacks them, and counts characters', () => {
  expect(alignCells([[' └ a', 'x'], ['Group #1:'], ['long name', 'y'], ['b', ''], []], 1)).toEqual([' └ a x', 'Group #1:', 'long name y', 'b         ', ''])
})

test('returns nothing for no lines', () => {
  expect(alignCells([], 4)).toEqual([])
})
