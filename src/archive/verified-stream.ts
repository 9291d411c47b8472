/** A stream that fails at its end if its digest is not the expected one. */

import { createHash } from 'node:crypto'
import { Transform, pipeline, type Readable } from 'node:stream'
import type { Digest } from '../oci/digest.ts'

/**
 * Passes a stream on and verifies its digest.
 * @param differs creates the error for a digest other than `expected`
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
  // Without a callback, an error would be thrown; the pipeline destroys `check` with it.
  return pipeline(stream, check, () => {})
}
