/** Writes a layout's files: blobs first, then documents that refer to them, so it is always complete. */

import { readdir, realpath } from 'node:fs/promises'
import { isAbsolute, join, relative } from 'node:path'
import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { cannotWrite, makeDirectories, syncDirectory } from '../../base/files.ts'
import type { Digest } from '../../oci/digest.ts'
import type { LayerBlob } from '../image.ts'
import { isUnfinished, removeAbandoned, writeDurably } from './durable-file.ts'
import { blobPath, blobSize, directoryFiles } from './layout-files.ts'
import { EMPTY_INDEX } from './layout-index.ts'
import { isLock, withIndexLock } from './layout-lock.ts'
import { readLayoutIndex } from './layout-source.ts'

const BLOBS = join('blobs', 'sha256')
const MARKER = Buffer.from('{"imageLayoutVersion":"1.0.0"}')

/**
 * Creates the layout in the directory, unless it exists. The next call completes an interrupted one.
 * @throws CnbError CNB_OUTPUT if the directory contains other files or cannot be written; CNB_IMAGE_INVALID
 */
export async function prepareLayout(directory: string, context: Context = {}): Promise<void> {
  await makeDirectories(directory).catch((error: unknown) => cannotWrite(directory, error))
  const names = await readdir(directory).catch((error: unknown) => cannotWrite(directory, error))
  const isNew = !names.includes('oci-layout')
  const foreign = isNew && names.find((name) => !['blobs', 'index.json'].includes(name) && !isUnfinished(name) && !isLock(name))
  if (foreign) {
    throw new CnbError('CNB_OUTPUT', `cannot write an image to ${directory}: it is not an OCI layout, and contains '${foreign}'`, {
      hint: 'Use a directory that is empty or does not exist.',
    })
  }
  await makeDirectories(join(directory, BLOBS)).catch((error: unknown) => cannotWrite(directory, error))
  const inside = relative(await realpath(directory), await realpath(join(directory, BLOBS)))
  if (isAbsolute(inside) || inside.startsWith('..')) {
    throw new CnbError('CNB_IMAGE_INVALID', `cannot write an image to ${directory}: its ${BLOBS} is a link to a path outside`)
  }
  await removeAbandoned(directory)
  if (isNew) await withIndexLock(directory, () => makeLayout(directory, context), context)
}

async function makeLayout(directory: string, { signal }: Context): Promise<void> {
  const names = await readdir(directory)
  if (!names.includes('index.json')) await writeDurably(directory, 'index.json', [EMPTY_INDEX], () => {}, signal)
  if (!names.includes('oci-layout')) await writeDurably(directory, 'oci-layout', [MARKER], () => {}, signal)
}

/**
 * Writes the blob, unless the layout has a blob of its size under its digest.
 * @throws CnbError CNB_IMAGE_INVALID if the stream's content is not the blob; CNB_OUTPUT, CNB_INTERRUPTED, and errors of the stream
 */
export async function writeBlob(directory: string, blob: LayerBlob, { signal }: Context = {}): Promise<void> {
  const { digest, size } = blob.descriptor
  if ((await blobSize(directory, digest)) === size) return
  const differs = (found: string): CnbError =>
    new CnbError('CNB_IMAGE_INVALID', `cannot save blob ${digest} of ${size} bytes: its content has ${found}`)
  const check = (found: { digest: Digest; size: number }): void => {
    if (found.size !== size) throw differs(`${found.size} bytes`)
    if (found.digest !== digest) throw differs(`the digest ${found.digest}`)
  }
  await writeDurably(directory, blobPath(digest), atMost(size, await blob.open(signal), differs), check, signal)
}

/** Throws if the content is longer than `size`: a malicious stream may be endless. */
async function* atMost(size: number, content: AsyncIterable<Buffer>, differs: (found: string) => CnbError): AsyncGenerator<Buffer> {
  let seen = 0
  for await (const chunk of content) {
    seen += chunk.length
    if (seen > size) throw differs('more')
    yield chunk
  }
}

/** Replaces index.json with the result of `change`, after all blobs are flushed to the disk. @throws CnbError */
export async function changeIndex(directory: string, change: (index: Buffer) => Buffer, context: Context = {}): Promise<void> {
  await syncDirectory(join(directory, BLOBS))
  await withIndexLock(directory, async () => {
    const index = (await readLayoutIndex(directoryFiles(directory))) ?? EMPTY_INDEX
    await writeDurably(directory, 'index.json', [change(index)], () => {}, context.signal)
  }, context)
  await syncDirectory(directory)
}
