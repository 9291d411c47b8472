import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareInWalk } from '../../../../../src/lifecycle/native/layers/walk-order.ts'

const part = fc.uint8Array({ minLength: 1, maxLength: 3 }).map((bytes) => Buffer.from(bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x2e : byte))))
const paths = fc.array(part, { minLength: 1, maxLength: 4 })

/** Compares component by component, as a walk that sorts each directory does. */
function byParts(a: readonly Buffer[], b: readonly Buffer[]): number {
  for (const [index, x] of a.entries()) {
    const y = b[index]
    const order = y ? Buffer.compare(x, y) : 1
    if (order !== 0) return order
  }
  return a.length < b.length ? -1 : 0
}

describe('compareInWalk', () => {
  it('puts the entries of a directory directly after it', () => {
    const sorted = ['a0', 'a.txt', 'a/b', 'a-b', 'a', 'a/-', 'a!'].map((path) => Buffer.from(path)).sort(compareInWalk)
    expect(sorted.map(String)).toEqual(['a', 'a/-', 'a/b', 'a!', 'a-b', 'a.txt', 'a0'])
  })

  it('compares component by component, as a walk does', () => {
    const join = (parts: Buffer[]): Buffer => Buffer.concat(parts.flatMap((each) => [Buffer.from('/'), each]))
    fc.assert(
      fc.property(paths, paths, (a, b) => {
        expect(Math.sign(compareInWalk(join(a), join(b)))).toBe(Math.sign(byParts(a, b)))
      }),
    )
  })
})
