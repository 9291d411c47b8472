/** A layer made from tar entries and kept nowhere: it is generated once to know its digest and again whenever it is read. */

import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { CnbError } from '../../base/errors.ts'
import type { Digest } from '../../oci/digest.ts'
import { packTar, tarChunks } from './tar-writer.ts'
import type { TarEntry } from './tar-writer.ts'
import { verified } from '../verified-stream.ts'

/** An uncompressed layer: the diffID is the digest of its bytes (OCI image-spec, config.md "Layer DiffID"). */
export interface TarLayer {
  readonly diffId: Digest
  /** Bytes. */
  readonly size: number
  /** The tar; the stream fails with CNB_APP_CHANGED instead of ending when it is not what was hashed. */
  open(signal?: AbortSignal): Promise<Readable>
}

/** Who else takes the bytes of a tar while it is read for its digest. Leaving the scope of `await using` drops what is not finished. */
export interface TarCopy extends AsyncDisposable {
  /** The chunk may be another's as soon as this comes back. */
  write(chunk: Buffer): Promise<void>
  finish(diffId: Digest): Promise<void>
}

/**
 * Hashes the tar of `entries()` in one streaming pass. `entries` is called again at every `open`, with the signal of that time,
 * and must give the same.
 * @throws whatever packTar's stream fails with, and `copy`
 */
export async function makeTarLayer(
  entries: (signal?: AbortSignal) => Iterable<TarEntry> | AsyncIterable<TarEntry>,
  options: { signal?: AbortSignal; copy?: (() => Promise<TarCopy>) | undefined } = {},
): Promise<TarLayer> {
  await using copy = await options.copy?.()
  const hash = createHash('sha256')
  let size = 0
  for await (const chunk of tarChunks(entries(options.signal), options.signal)) {
    hash.update(chunk)
    size += chunk.length
    await copy?.write(chunk)
    if (size % (1024 * 1024) < chunk.length) await setImmediate()
  }
  const diffId: Digest = `sha256:${hash.digest('hex')}`
  await copy?.finish(diffId)
  return { diffId, size, open: async (signal) => verified(packTar(entries(signal), signal ? { signal } : {}), diffId, hasChanged(diffId)) }
}

function hasChanged(diffId: Digest): (found: Digest) => CnbError {
  const hint = 'Build again when nothing writes to them.'
  return (found) => new CnbError('CNB_APP_CHANGED', `the files of layer ${diffId} changed while they were read: they now give ${found}`, { hint })
}
