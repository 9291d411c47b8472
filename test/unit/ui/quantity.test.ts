import { describe, expect, it } from 'vitest'
import { formatBytes, formatDuration } from '../../../src/ui/quantity.ts'

describe('formatDuration', () => {
  it.each([
    [0, '0.0s'],
    [440, '0.4s'],
    [59_940, '59.9s'],
    [59_960, '1m 00s'],
    [125_000, '2m 05s'],
    [3_725_000, '1h 02m'],
    [-3, '0.0s'],
  ])('formats %d ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
  })
})

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [999_960, '1.0 MB'],
    [45_600_000, '45.6 MB'],
    [2_100_000_000, '2.1 GB'],
    [5e15, '5000.0 TB'],
  ])('formats %d bytes as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text)
  })
})
