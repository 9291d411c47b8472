import fc from 'fast-check'
import { expect, test } from 'vitest'
import { chooseRemovals } from '../../../../src/operations/cache/choose.ts'

const items = fc.array(fc.record({ used: fc.nat(100), bytes: fc.nat(100), stays: fc.boolean() }))
const budget = fc.record({ all: fc.constant(false), usedBefore: fc.option(fc.nat(120), { nil: undefined }), bytes: fc.option(fc.nat(1000), { nil: undefined }) })
const sum = (of: readonly { readonly bytes: number }[]): number => of.reduce((total, { bytes }) => total + bytes, 0)

test('meets the budgets, unless the rest must stay, and removes nothing without need', () => {
  fc.assert(fc.property(items, budget, (all, limits) => {
    const removed = chooseRemovals(all, limits)
    const rest = all.filter((item) => !removed.includes(item))
    expect(removed.some(({ stays }) => stays)).toBe(false)
    const movable = rest.filter(({ stays }) => !stays)
    expect(movable.every(({ used }) => used >= (limits.usedBefore ?? 0))).toBe(true)
    if (movable.length > 0) expect(sum(rest)).toBeLessThanOrEqual(limits.bytes ?? Infinity)
    // All that is young enough was removed for the size only: with the last of it, the rest would not fit.
    const last = removed.at(-1)
    if (last && last.used >= (limits.usedBefore ?? 0)) expect(sum(rest) + last.bytes).toBeGreaterThan(limits.bytes ?? Infinity)
    expect(removed.map(({ used }) => used)).toEqual(removed.map(({ used }) => used).sort((a, b) => a - b))
  }))
})

test('removes everything on request, except what must stay', () => {
  const [free, held] = [{ used: 5, bytes: 1, stays: false }, { used: 1, bytes: 1, stays: true }]
  expect(chooseRemovals([free, held], { all: true })).toEqual([free])
  expect(chooseRemovals([free, held], { all: false })).toEqual([])
})
