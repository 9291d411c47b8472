/** A tree of files in a directory or an archive, readable any number of times. */

import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { decompress } from '../archive/decompress.ts'
import { directoryEntries } from '../archive/files/directory-entries.ts'
import { readTar } from '../archive/tar/tar-reader.ts'
import type { TarEntry } from '../archive/tar/tar-writer.ts'
import { CnbError, type ErrorCode } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import { EntryNames } from './entry-names.ts'

/** An entry with a relative, normalized name inside the tree. */
export interface TreeEntry extends TarEntry {
  readonly name: Buffer
}

export interface FileTree {
  /** The path of the directory or archive, for messages. */
  readonly path: string
  readonly isDirectory: boolean
  /** The error code for invalid content. */
  readonly invalid: ErrorCode
  /** Yields the entries: a directory's in bytewise order, an archive's in their stored order. */
  entries(context?: Context): AsyncGenerator<TreeEntry, void, undefined>
}

/**
 * Opens a directory, or a tar file, optionally compressed with gzip.
 * @param invalid the error code for unreadable content
 * @param missing the error code for a path that does not exist
 * @param name the name for messages, instead of the path
 * @param without paths of files and directories that a directory's entries leave out
 * @throws CnbError `missing`, `invalid`; iterating the entries throws `invalid` too, and CNB_UNSUPPORTED for other compressions
 */
export async function openFileTree(path: string, { invalid, missing }: { invalid: ErrorCode; missing: ErrorCode }, name = path, without: readonly string[] = []): Promise<FileTree> {
  const stats = await stat(path).catch((cause: unknown) => {
    const { code, message } = cause as NodeJS.ErrnoException
    const absent = code === 'ENOENT' || code === 'ENOTDIR'
    if (absent) throw new CnbError(missing, `cannot find file or directory '${path}'`, { cause })
    throw new CnbError(invalid, `cannot read '${path}': ${message}`, { cause })
  })
  if (!stats.isDirectory() && !stats.isFile()) throw new CnbError(invalid, `'${path}' is neither a directory nor a file`)
  const isDirectory = stats.isDirectory()
  return {
    path: name,
    isDirectory,
    invalid,
    entries: (context = {}) => (isDirectory ? fromDirectory(path, invalid, new Set(without), context) : fromArchive(path, name, invalid, context)),
  }
}

async function* fromDirectory(path: string, invalid: ErrorCode, without: ReadonlySet<string>, { signal, events }: Context): AsyncGenerator<TreeEntry, void, undefined> {
  // As in pack's layers, additional hard links of a file stay links.
  for await (const entry of directoryEntries(path, { prefix: '', invalid, keepHardLinks: true, signal, events })) {
    if (!isWithin(without, join(path, entry.name.toString()), path)) yield { ...entry, name: Buffer.from(entry.name) }
  }
}

/** Whether one of the places is the path or above it, but below the root. */
function isWithin(places: ReadonlySet<string>, path: string, root: string): boolean {
  if (places.size === 0) return false
  for (let at = path; at.length > root.length; at = dirname(at)) if (places.has(at)) return true
  return false
}

async function* fromArchive(path: string, source: string, invalid: ErrorCode, { signal }: Context): AsyncGenerator<TreeEntry, void, undefined> {
  const names = new EntryNames(source, invalid)
  const plain = await decompress(createReadStream(path), { source, invalid })
  for await (const entry of readTar(plain, { source, invalid, signal })) {
    const name = names.clean(entry)
    if (name.length === 0) continue
    yield { ...entry, name, ...(entry.type === 'link' ? { linkname: names.cleanLink(entry) } : {}) }
  }
}

/** Larger than any descriptor and any other file that is read into memory. */
const MAX_TEXT = 1024 * 1024

/** Returns a small file's text. @throws CnbError `invalid` if it is larger than 1 MiB */
export async function readEntryText(entry: TreeEntry, tree: FileTree): Promise<string> {
  if ((entry.size ?? 0) > MAX_TEXT) {
    throw new CnbError(tree.invalid, `'${entry.name.toString()}' in '${tree.path}' is larger than ${MAX_TEXT} bytes`)
  }
  const { content } = entry
  if (content === undefined || Buffer.isBuffer(content)) return content?.toString() ?? ''
  const stream: Readable = typeof content === 'function' ? await content() : content
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
