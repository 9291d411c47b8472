import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { collectBy, countBytes } from '../../../src/base/spent-chunks.ts'

const MIB = 1024 * 1024

describe('countBytes', () => {
  it('frees the memory of chunks much earlier than V8 does by default', () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as (options: { type: 'minor' }) => void
    collectBy(() => collect({ type: 'minor' }))
    const before = process.memoryUsage().arrayBuffers
    let most = 0
    for (let at = 0; at < 4096; at++) {
      countBytes(Buffer.allocUnsafeSlow(MIB / 16))
      most = Math.max(most, process.memoryUsage().arrayBuffers - before)
    }
    expect(most).toBeLessThan(16 * MIB)
  })

  it('collects once in the given number of bytes', () => {
    let collections = 0
    collectBy(() => collections++, 2 * MIB)
    for (let at = 0; at < 8; at++) countBytes(Buffer.alloc(MIB))
    expect(collections).toBe(4)
    collectBy(() => undefined)
  })
})
