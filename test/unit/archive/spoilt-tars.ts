import { buffer } from 'node:stream/consumers'
import fc from 'fast-check'
import { expect } from 'vitest'
import { packTar, type TarEntry } from '../../../src/archive/tar/tar-writer.ts'
import { CnbError } from '../../../src/base/errors.ts'

/** For any corrupted bytes of the tar, `namesIn` returns names or throws a CnbError. */
export async function expectNoDefect(entries: readonly TarEntry[], namesIn: (tar: Buffer) => Promise<readonly unknown[]>): Promise<void> {
  const good = await buffer(packTar(entries))
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }), async (changes) => {
      const tar = Buffer.from(good)
      for (const [offset, byte] of changes) tar[offset] = byte
      const outcome = await namesIn(tar).catch((error: unknown) => error)
      expect(Array.isArray(outcome) || outcome instanceof CnbError).toBe(true)
    }),
    { numRuns: 300 },
  )
}
