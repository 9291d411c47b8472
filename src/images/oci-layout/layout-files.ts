/** Reading a layout's files. Whoever made it may mean ill: nothing is read outside of it, and nothing without bound. */

import { constants, type Stats } from 'node:fs'
import { open, realpath, type FileHandle } from 'node:fs/promises'
import { isAbsolute, join, relative } from 'node:path'
import { addAbortSignal, type Readable } from 'node:stream'
import { verified } from '../../archive/verified-stream.ts'
import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import type { Descriptor } from '../../oci/descriptor.ts'
import { digestOf, hexOf, type Digest } from '../../oci/digest.ts'

/** As much as registries take of a manifest (OCI distribution-spec, "Pushing Manifests"). */
const MAX_DOCUMENT_BYTES = 4 * 1024 * 1024

/** Bytes that are read of a blob at once. */
const PIECE = 1024 * 1024

/** Where a blob is, relative to the layout's directory. */
export function blobPath(digest: Digest): string {
  return join('blobs', 'sha256', hexOf(digest))
}

/**
 * A small file of the layout; undefined when it is not there.
 * @throws CnbError CNB_IMAGE_INVALID when it is too large, no file, or outside of the layout
 */
export async function readSmallFile(directory: string, path: string): Promise<Buffer | undefined> {
  const file = await openInside(directory, path)
  if (!file) return undefined
  await using handle = file.handle
  if (file.size > MAX_DOCUMENT_BYTES) throw invalid(directory, `${path} has ${file.size} bytes; ${MAX_DOCUMENT_BYTES} are the most`)
  const content = Buffer.alloc(file.size)
  let filled = 0
  for (let bytesRead = 1; bytesRead > 0 && filled < content.length; filled += bytesRead) {
    bytesRead = (await handle.read(content, filled, content.length - filled, filled)).bytesRead
  }
  return content.subarray(0, filled)
}

/** A document's blob, true to its digest; undefined when it is not there. @throws CnbError CNB_IMAGE_INVALID */
export async function readDocument(directory: string, digest: Digest): Promise<Buffer | undefined> {
  const content = await readSmallFile(directory, blobPath(digest))
  if (content && digestOf(content) !== digest) throw isOther(directory, digest)(digestOf(content))
  return content
}

/**
 * A blob's bytes as a stream, which fails with CNB_IMAGE_INVALID at its end when they are not what the descriptor says.
 * @throws CnbError CNB_IMAGE_INVALID when there is no such blob, or one of another size
 */
export async function openBlob(directory: string, { digest, size }: Descriptor, { signal }: Context = {}): Promise<Readable> {
  const file = await openInside(directory, blobPath(digest))
  if (!file) {
    throw new CnbError('CNB_IMAGE_INVALID', `the layout ${directory} lacks the blob ${digest}`, {
      hint: 'It may be sparse, which is made without the layers of base images: make it again without --sparse.',
    })
  }
  if (file.size !== size) {
    await file.handle.close()
    throw invalid(directory, `the blob ${digest} has ${file.size} bytes, and should have ${size}`)
  }
  const content = file.handle.createReadStream({ highWaterMark: PIECE, start: 0, ...(size > 0 ? { end: size - 1 } : {}) })
  return verified(signal ? addAbortSignal(signal, content) : content, digest, isOther(directory, digest))
}

/** The size of a blob that is there as a plain file of the layout; undefined where it is not. */
export async function blobSize(directory: string, digest: Digest): Promise<number | undefined> {
  const file = await openInside(directory, blobPath(digest)).catch(() => undefined)
  await file?.handle.close()
  return file?.size
}

/** Links are followed as long as they stay inside. Nothing is waited for: a pipe would let nobody ever read. */
async function openInside(directory: string, path: string): Promise<{ handle: FileHandle; size: number } | undefined> {
  let handle: FileHandle | undefined
  try {
    const [root, real] = [await realpath(directory), await realpath(join(directory, path))]
    const inside = relative(root, real)
    if (isAbsolute(inside) || inside.startsWith('..')) throw invalid(directory, `${path} is a link that leads out of it`)
    handle = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    const stats: Stats = await handle.stat()
    if (!stats.isFile()) throw invalid(directory, `${path} is no file`)
    return { handle, size: stats.size }
  } catch (error) {
    await handle?.close()
    if (error instanceof CnbError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw invalid(directory, `${path} cannot be read: ${message}`, error)
  }
}

function isOther(directory: string, digest: Digest): (found: Digest) => CnbError {
  return (found) => invalid(directory, `the blob ${digest} holds ${found}`)
}

function invalid(directory: string, why: string, cause?: unknown): CnbError {
  return new CnbError('CNB_IMAGE_INVALID', `the OCI layout ${directory} cannot be read: ${why}`, cause === undefined ? {} : { cause })
}
