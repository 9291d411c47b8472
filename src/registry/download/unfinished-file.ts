/** Writes downloads to files with random names, which are removed unless they are complete. */

import { createHash, randomUUID } from 'node:crypto'
import { lstat, open, readdir, rm, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { abortError, CnbError, throwIfAborted } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { writeWhole } from '../../base/files.ts'
import type { Digest } from '../../oci/digest.ts'

/** Opens the bytes to store; they are read once. */
export type OpenContent = (signal?: AbortSignal) => Promise<Readable>

/** A complete file that does not have its final name yet. Disposal closes it, and removes it if it was not renamed. */
export interface Unfinished extends AsyncDisposable {
  readonly path: string
  readonly handle: FileHandle
  readonly digest: Digest
  readonly size: number
}

/**
 * Writes a stream to a new file in `folder`.
 * @throws CnbError CNB_DOWNLOAD_FAILED for another digest or too many bytes, CNB_OUTPUT, CNB_INTERRUPTED, and errors of the stream
 */
export async function writeUnfinished(
  folder: string,
  openContent: OpenContent,
  wanted: { readonly expected?: Digest; readonly maxBytes?: number },
  { signal }: Context,
): Promise<Unfinished> {
  throwIfAborted(signal)
  const stream = await openContent(signal)
  const path = join(folder, `${randomUUID()}.tmp`)
  let handle: FileHandle | undefined
  try {
    handle = await open(path, 'wx', 0o600).catch((error: unknown) => cannotWrite(path, error))
    const written = await write(stream, handle, path, wanted.maxBytes ?? Infinity, signal)
    if (wanted.expected !== undefined && written.digest !== wanted.expected) {
      throw new CnbError('CNB_DOWNLOAD_FAILED', `the content has digest ${written.digest}, expected ${wanted.expected}`)
    }
    const opened = handle
    return { path, handle: opened, ...written, [Symbol.asyncDispose]: () => discard(path, opened) }
  } catch (error) {
    stream.destroy()
    await discard(path, handle)
    throw signal?.aborted ? abortError(signal) : error
  }
}

async function write(
  stream: Readable,
  file: FileHandle,
  path: string,
  maxBytes: number,
  signal: AbortSignal | undefined,
): Promise<{ digest: Digest; size: number }> {
  const stop = (): void => void stream.destroy(signal && abortError(signal))
  signal?.addEventListener('abort', stop, { once: true })
  const hash = createHash('sha256')
  let size = 0
  try {
    throwIfAborted(signal)
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > maxBytes) throw new CnbError('CNB_DOWNLOAD_FAILED', `the content is larger than ${maxBytes} bytes`)
      hash.update(chunk)
      await writeWhole(file, chunk).catch((error: unknown) => cannotWrite(path, error))
    }
  } finally {
    signal?.removeEventListener('abort', stop)
  }
  return { digest: `sha256:${hash.digest('hex')}`, size }
}

/** The file has another name if it was renamed. */
async function discard(path: string, handle: FileHandle | undefined): Promise<void> {
  await handle?.close().catch(() => {})
  await rm(path, { force: true }).catch(() => {})
}

/** In milliseconds. A download that writes nothing for this long has no process any more: it would be aborted as too slow. */
const ABANDONED = 60 * 60 * 1000

/** Removes the files and directories of killed processes. */
export async function removeAbandoned(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name)
    const stats = await lstat(path).catch(() => undefined)
    if (stats && Date.now() - stats.mtimeMs > ABANDONED) await rm(path, { recursive: true, force: true }).catch(() => {})
  }
}

/** Throws the error for a file of the cache that cannot be written. @throws CnbError CNB_OUTPUT, always */
export function cannotWrite(path: string, error: unknown): never {
  const { code, message } = error as NodeJS.ErrnoException
  const isFull = code === 'ENOSPC' || code === 'EDQUOT'
  throw new CnbError('CNB_OUTPUT', `cannot write ${path} to the cache: ${message}`, {
    hint: isFull ? 'Free disk space, or set CNB_CACHE_DIR to a directory on another disk.' : 'Set CNB_CACHE_DIR to a directory that can be written.',
    cause: error,
  })
}
