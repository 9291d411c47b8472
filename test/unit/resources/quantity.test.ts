import { describe, expect, it } from 'vitest'
import { isSameQuantity, quantityBytes, quantityNanoCpus } from '../../../src/resources/fields/quantity.ts'

describe('an amount', () => {
  it.each([['1Gi', '1024Mi', true], ['2G', '2000M', true], ['1', '1000m', true], ['1G', '1Gi', false], ['x', 'x', true], ['x', '1', false]])(
    'is the same or another: %s and %s', (a, b, isSame) => {
      expect(isSameQuantity(a, b)).toBe(isSame)
    },
  )

  it('is converted to bytes and billionths of processors', () => {
    expect(['1Gi', '1.5k', '1n', 'x'].map(quantityBytes)).toEqual([1_073_741_824, 1500, 1, undefined])
    expect(['500m', '2', '1n', ''].map(quantityNanoCpus)).toEqual([500_000_000, 2_000_000_000, 1, undefined])
  })

  it.each(['1e999999999', '9'.repeat(100), `1${'0'.repeat(70)}`])('does not take all memory: %s', (text) => {
    expect(quantityBytes(text)).toBeUndefined()
  })
})
