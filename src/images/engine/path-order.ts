/** Sorts tar entries in the byte order of their full paths: `a-b` before `a/b`. */

import { createWriteStream } from 'node:fs'
import { open, rm, type FileHandle } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { TarEntry } from '../../archive/tar/tar-writer.ts'
import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'

/** An entry that was read from a tar, with its content. */
export interface FileEntry extends TarEntry {
  readonly name: Buffer
  readonly size: number
  readonly content: Buffer | Readable
}

/** An entry, and the position of its content in the scratch file. */
interface Placed {
  readonly entry: Omit<FileEntry, 'content'>
  readonly start: number
}

/** In bytes. Smaller contents are read without a stream, which would cost more than the read. */
const SMALL = 256 * 1024

/**
 * Sorts the entries, which engines return directory by directory. Their contents are stored in a file at `scratch`, which is removed
 * at the end.
 * @throws CnbError CNB_OUTPUT if the file cannot be written; errors of `entries`
 */
export async function* inPathOrder(entries: AsyncIterable<FileEntry>, scratch: string, { signal }: Context = {}): AsyncGenerator<TarEntry> {
  const placed: Placed[] = []
  try {
    await pipeline(Readable.from(contentsOf(entries, placed), { objectMode: false }), createWriteStream(scratch), signal ? { signal } : {})
    placed.sort((a, b) => Buffer.compare(a.entry.name, b.entry.name))
    const file = await open(scratch)
    try {
      for (const each of placed) yield { ...each.entry, content: await contentAt(file, each) }
    } finally {
      await file.close()
    }
  } catch (error) {
    throw asOutputError(error, scratch)
  } finally {
    await rm(scratch, { force: true })
  }
}

async function* contentsOf(entries: AsyncIterable<FileEntry>, placed: Placed[]): AsyncGenerator<Buffer> {
  let start = 0
  for await (const entry of entries) {
    const { content, ...header } = entry
    placed.push({ entry: header, start })
    if (entry.size === 0) continue
    for await (const chunk of Buffer.isBuffer(content) ? [content] : content) {
      start += (chunk as Buffer).length
      yield chunk as Buffer
    }
  }
}

async function contentAt(file: FileHandle, { entry, start }: Placed): Promise<NonNullable<TarEntry['content']>> {
  const { size } = entry
  if (size === 0) return Buffer.alloc(0)
  if (size > SMALL) return () => file.createReadStream({ start, end: start + size - 1, autoClose: false })
  const { buffer } = await file.read(Buffer.alloc(size), 0, size, start)
  return buffer
}

function asOutputError(error: unknown, path: string): unknown {
  const { message, syscall } = error as NodeJS.ErrnoException
  if (error instanceof CnbError || syscall === undefined) return error
  return new CnbError('CNB_OUTPUT', `cannot store the app's files in ${path}: ${message}`, {
    cause: error,
    hint: 'Free space in the temporary directory, or set TMPDIR to another directory.',
  })
}
