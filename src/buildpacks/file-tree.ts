/** The files that somebody brought, in a directory or in an archive: read the same way, and as often as it takes. */

import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { decompress } from '../archive/decompress.ts'
import { directoryEntries } from '../archive/files/directory-entries.ts'
import { readTar } from '../archive/tar/tar-reader.ts'
import type { TarEntry } from '../archive/tar/tar-writer.ts'
import { CnbError, type ErrorCode } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import { EntryNames } from './entry-names.ts'

/** An entry whose name is relative, clean and inside the tree. */
export interface TreeEntry extends TarEntry {
  readonly name: Buffer
}

export interface FileTree {
  /** Directory or archive, as messages name it. */
  readonly path: string
  readonly isDirectory: boolean
  /** What errors about the content are called. */
  readonly invalid: ErrorCode
  /** The entries; a directory's in bytewise order, an archive's as they stand there. */
  entries(context?: Context): AsyncGenerator<TreeEntry, void, undefined>
}

/**
 * Opens a directory, or a tar file that may be compressed with gzip.
 * @param invalid the code for what cannot be read
 * @param missing the code for a path where nothing is
 * @throws CnbError `missing`, `invalid`; the entries' iteration throws `invalid` too, and CNB_UNSUPPORTED for other compressions
 */
export async function openFileTree(path: string, { invalid, missing }: { invalid: ErrorCode; missing: ErrorCode }): Promise<FileTree> {
  const stats = await stat(path).catch((cause: unknown) => {
    const { code, message } = cause as NodeJS.ErrnoException
    const absent = code === 'ENOENT' || code === 'ENOTDIR'
    if (absent) throw new CnbError(missing, `there is no file or directory '${path}'`, { cause })
    throw new CnbError(invalid, `cannot read '${path}': ${message}`, { cause })
  })
  if (!stats.isDirectory() && !stats.isFile()) throw new CnbError(invalid, `'${path}' is neither a directory nor a file`)
  const isDirectory = stats.isDirectory()
  return {
    path,
    isDirectory,
    invalid,
    entries: (context = {}) => (isDirectory ? fromDirectory(path, invalid, context) : fromArchive(path, invalid, context)),
  }
}

async function* fromDirectory(path: string, invalid: ErrorCode, { signal, events }: Context): AsyncGenerator<TreeEntry, void, undefined> {
  // Further names of a file stay links, as in pack's layers.
  for await (const entry of directoryEntries(path, { prefix: '', invalid, keepHardLinks: true, signal, events })) {
    yield { ...entry, name: Buffer.from(entry.name) }
  }
}

/** Some hundred times a large buildpack; a file of 4 MB can be as much when it is made for it. */
const MAX_UNPACKED = 4 * 1024 ** 3

async function* fromArchive(path: string, invalid: ErrorCode, { signal }: Context): AsyncGenerator<TreeEntry, void, undefined> {
  const names = new EntryNames(path, invalid)
  const plain = await decompress(createReadStream(path), { source: path, invalid })
  let bytes = 0
  for await (const entry of readTar(plain, { source: path, invalid, signal })) {
    bytes += entry.size
    if (bytes > MAX_UNPACKED) throw new CnbError(invalid, `'${path}' has more than ${MAX_UNPACKED / 1024 ** 3} GiB of files when it is unpacked`)
    const name = names.clean(entry)
    if (name.length === 0) continue
    yield { ...entry, name, ...(entry.type === 'link' ? { linkname: names.cleanLink(entry) } : {}) }
  }
}

/** No descriptor is larger; what else is read whole is smaller still. */
const MAX_TEXT = 1024 * 1024

/** A small file's text. @throws CnbError `invalid` when it is larger than 1 MiB */
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
