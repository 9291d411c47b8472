/** Reads a layout's files. Layouts are untrusted: reads are limited in size and to the directory. */

import { constants, type Stats } from 'node:fs'
import { open, realpath, type FileHandle } from 'node:fs/promises'
import { isAbsolute, join, relative } from 'node:path'
import { addAbortSignal, type Readable } from 'node:stream'
import { verified } from '../../archive/verified-stream.ts'
import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import type { Descriptor } from '../../oci/descriptor.ts'
import { hexOf, type Digest } from '../../oci/digest.ts'
import { MAX_MANIFEST_BYTES } from '../../oci/manifest.ts'
import { formatLayoutLocation } from './layout-location.ts'

/** Bytes per read of a blob. */
const PIECE = 1024 * 1024

/** The files of a layout: in a directory, or in an archive (images/archive). */
export interface LayoutFiles {
  /** The layout's name for messages: `oci:DIR`, or the path of the archive. */
  readonly name: string
  /** Reads a small file. Returns undefined if it does not exist. @throws CnbError CNB_IMAGE_INVALID if it is too large or unreadable */
  small(path: string): Promise<Buffer | undefined>
  /** Opens a blob as a stream, which fails with CNB_IMAGE_INVALID at its end if the digest differs. @throws CnbError CNB_IMAGE_INVALID */
  blob(descriptor: Descriptor, context?: Context): Promise<Readable>
}

/** Returns the files of a layout in a directory. */
export function directoryFiles(directory: string): LayoutFiles {
  return {
    name: formatLayoutLocation({ directory }),
    small: (path) => readSmallFile(directory, path),
    blob: (descriptor, context) => openBlob(directory, descriptor, context),
  }
}

/** Returns a blob's path, relative to the layout's directory. */
export function blobPath(digest: Digest): string {
  return join('blobs', 'sha256', hexOf(digest))
}

/**
 * Reads a small file of the layout. Returns undefined if it does not exist.
 * @throws CnbError CNB_IMAGE_INVALID if it is too large, not a regular file, or outside the layout
 */
async function readSmallFile(directory: string, path: string): Promise<Buffer | undefined> {
  const file = await openInside(directory, path)
  if (!file) return undefined
  await using handle = file.handle
  if (file.size > MAX_MANIFEST_BYTES) throw invalid(directory, `${path} has ${file.size} bytes; the limit is ${MAX_MANIFEST_BYTES}`)
  const content = Buffer.alloc(file.size)
  let filled = 0
  for (let bytesRead = 1; bytesRead > 0 && filled < content.length; filled += bytesRead) {
    bytesRead = (await handle.read(content, filled, content.length - filled, filled)).bytesRead
  }
  return content.subarray(0, filled)
}

/**
 * Opens a blob as a stream, which fails with CNB_IMAGE_INVALID at its end if the digest differs.
 * @throws CnbError CNB_IMAGE_INVALID if the blob does not exist or has another size
 */
async function openBlob(directory: string, { digest, size }: Descriptor, { signal }: Context = {}): Promise<Readable> {
  const file = await openInside(directory, blobPath(digest))
  if (!file) {
    throw new CnbError('CNB_IMAGE_INVALID', `the layout ${directory} lacks the blob ${digest}`, {
      hint: 'Save the image again without --sparse, which omits the layers of base images.',
    })
  }
  if (file.size !== size) {
    await file.handle.close()
    throw invalid(directory, `the blob ${digest} has ${file.size} bytes instead of ${size}`)
  }
  const content = file.handle.createReadStream({ highWaterMark: PIECE, start: 0, ...(size > 0 ? { end: size - 1 } : {}) })
  return verified(signal ? addAbortSignal(signal, content) : content, digest, isOther(directory, digest))
}

/** Returns the size of a blob in bytes. Returns undefined if it is not a regular file of the layout. */
export async function blobSize(directory: string, digest: Digest): Promise<number | undefined> {
  const file = await openInside(directory, blobPath(digest)).catch(() => undefined)
  await file?.handle.close()
  return file?.size
}

/** Opens a regular file, through links inside the layout only. Opens without blocking: a pipe would block forever. */
async function openInside(directory: string, path: string): Promise<{ handle: FileHandle; size: number } | undefined> {
  let handle: FileHandle | undefined
  try {
    const [root, real] = [await realpath(directory), await realpath(join(directory, path))]
    const inside = relative(root, real)
    if (isAbsolute(inside) || inside.startsWith('..')) throw invalid(directory, `${path} is a link that leads out of it`)
    handle = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    const stats: Stats = await handle.stat()
    if (!stats.isFile()) throw invalid(directory, `${path} is not a regular file`)
    return { handle, size: stats.size }
  } catch (error) {
    await handle?.close()
    if (error instanceof CnbError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw invalid(directory, `${path}: ${message}`, error)
  }
}

function isOther(directory: string, digest: Digest): (found: Digest) => CnbError {
  return (found) => invalid(directory, `the blob ${digest} contains ${found}`)
}

function invalid(directory: string, why: string, cause?: unknown): CnbError {
  return new CnbError('CNB_IMAGE_INVALID', `cannot read the OCI layout ${directory}: ${why}`, cause === undefined ? {} : { cause })
}
