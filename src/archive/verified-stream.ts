/** A stream that fails at its end when it was not what it should have been. */

import { createHash } from 'node:crypto'
import { Transform, pipeline, type Readable } from 'node:stream'
import type { Digest } from '../oci/digest.ts'

/**
 * The same bytes, hashed on their way.
 * @param differs the error for bytes that have another digest than `expected`
 */
export function verified(stream: Readable, expected: Digest, differs: (found: Digest) => Error): Readable {
  const hash = createHash('sha256')
  const check = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      done(null, chunk)
    },
    flush(done) {
      const found: Digest = `sha256:${hash.digest('hex')}`
      done(found === expected ? null : differs(found))
    },
  })
  // The callback is there because an error without one is thrown; `check` is destroyed with it.
  return pipeline(stream, check, () => {})
}
