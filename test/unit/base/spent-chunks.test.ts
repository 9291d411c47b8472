import { describe, expect, it } from 'vitest'
import { countBytes } from '../../../src/base/spent-chunks.ts'

const MIB = 1024 * 1024

describe('chunks that were passed on', () => {
  it('give their memory back long before V8 would take it', () => {
    const before = process.memoryUsage().arrayBuffers
    let most = 0
    for (let at = 0; at < 4096; at++) {
      countBytes(Buffer.allocUnsafeSlow(MIB / 16))
      most = Math.max(most, process.memoryUsage().arrayBuffers - before)
    }
    expect(most).toBeLessThan(16 * MIB)
  })
})
