/** A layer made from tar entries and kept nowhere: it is generated once to know its digest and again whenever it is read. */

import { createHash } from 'node:crypto'
import { Transform, pipeline } from 'node:stream'
import type { Readable } from 'node:stream'
import { CnbError } from '../base/errors.ts'
import type { Digest } from '../oci/digest.ts'
import { packTar } from './tar-writer.ts'
import type { TarEntry } from './tar-writer.ts'

/** An uncompressed layer: the diffID is the digest of its bytes (OCI image-spec, config.md "Layer DiffID"). */
export interface TarLayer {
  readonly diffId: Digest
  /** Bytes. */
  readonly size: number
  /** The tar; the stream fails with CNB_APP_CHANGED instead of ending when it is not what was hashed. */
  open(signal?: AbortSignal): Promise<Readable>
}

/**
 * Hashes the tar of `entries()` in one streaming pass. `entries` is called again at every `open`, and must give the same.
 * @throws whatever packTar's stream fails with
 */
export async function makeTarLayer(
  entries: () => Iterable<TarEntry> | AsyncIterable<TarEntry>,
  options: { signal?: AbortSignal } = {},
): Promise<TarLayer> {
  const hash = createHash('sha256')
  let size = 0
  for await (const chunk of packTar(entries(), options)) {
    hash.update(chunk as Buffer)
    size += (chunk as Buffer).length
  }
  const diffId: Digest = `sha256:${hash.digest('hex')}`
  return { diffId, size, open: async (signal) => verified(packTar(entries(), signal ? { signal } : {}), diffId) }
}

function verified(tar: Readable, diffId: Digest): Readable {
  const hash = createHash('sha256')
  const check = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      done(null, chunk)
    },
    flush(done) {
      const found = `sha256:${hash.digest('hex')}`
      done(
        found === diffId
          ? null
          : new CnbError('CNB_APP_CHANGED', `the files of layer ${diffId} changed while they were read: they now give ${found}`, {
              hint: 'Build again when nothing writes to them.',
            }),
      )
    },
  })
  // The callback is there because an error without one is thrown; `check` is destroyed with it.
  return pipeline(tar, check, () => {})
}
