/** A layer generated from tar entries on each read, and stored nowhere. */

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
  /** Uncompressed size in bytes. */
  readonly size: number
  /** Returns the tar; the stream fails with CNB_APP_CHANGED if its digest is not `diffId`. */
  open(signal?: AbortSignal): Promise<Readable>
}

/** Returns a layer's entries; the same entries each time. */
type TarEntries = (signal?: AbortSignal) => Iterable<TarEntry> | AsyncIterable<TarEntry>

/** A second consumer of a tar's bytes while its digest is computed. Disposal before `finish` discards the copy. */
export interface TarCopy extends AsyncDisposable {
  write(chunk: Buffer): Promise<void>
  finish(diffId: Digest): Promise<void>
}

/**
 * Computes the digest of the tar of `entries()` in one streaming pass. Each `open` calls `entries` again, with its own signal.
 * @throws errors of packTar's stream and of `copy`
 */
export async function makeTarLayer(
  entries: TarEntries,
  options: { signal?: AbortSignal; copy?: (() => Promise<TarCopy | undefined>) | undefined } = {},
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
  return knownTarLayer({ diffId, size }, entries)
}

/** Returns a layer of known digest and size, without reading it. */
export function knownTarLayer({ diffId, size }: Pick<TarLayer, 'diffId' | 'size'>, entries: TarEntries): TarLayer {
  return { diffId, size, open: async (signal) => verified(packTar(entries(signal), signal ? { signal } : {}), diffId, hasChanged(diffId)) }
}

function hasChanged(diffId: Digest): (found: Digest) => CnbError {
  const hint = 'Build again while no other program writes to them.'
  return (found) => new CnbError('CNB_APP_CHANGED', `the files of layer ${diffId} changed while they were being read: the digest is now ${found}`, { hint })
}
