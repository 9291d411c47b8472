/** Reads tar streams of untrusted origin: names are bytes, headers are bounded, contents are streamed. */

import { Readable, addAbortSignal, pipeline } from 'node:stream'
import type { Writable } from 'node:stream'
import { extract } from 'tar-stream'
import type { Header } from 'tar-stream'
import { CnbError, throwIfAborted } from '../../base/errors.ts'
import type { ErrorCode } from '../../base/errors.ts'
import { parsePaxRecords } from './pax-records.ts'
import type { PaxRecords } from './pax-records.ts'
import type { TarHeader, TarType } from './tar-header.ts'

/** An entry of a tar; it is also a TarEntry that packTar accepts. */
export interface TarReadEntry extends TarHeader {
  readonly name: Buffer
  readonly linkname?: Buffer
  /** The file's bytes, to be read before the next entry is requested; unread bytes are skipped. Empty for other types than files. */
  readonly content: Readable
  /** The whole content, if already in memory (small files of readPlainTar); cheaper than the stream. */
  readonly bytes?: Buffer
}

export interface ReadTarOptions {
  /** The archive's name in errors. */
  readonly source?: string
  /** The error code for a malformed archive. */
  readonly invalid?: ErrorCode
  readonly signal?: AbortSignal
}

/** Limit for long names and PAX records of one entry; Go's archive/tar has the same limit. */
const MAX_EXTENDED_HEADER = 1024 * 1024

const TYPES: Readonly<Record<string, TarType>> = {
  file: 'file',
  'contiguous-file': 'file',
  link: 'link',
  symlink: 'symlink',
  'character-device': 'character',
  'block-device': 'block',
  directory: 'directory',
  fifo: 'fifo',
}

/**
 * Yields the entries of an uncompressed tar, in order. Leaving the loop early destroys `archive`.
 * @throws CnbError `invalid` (default: CNB_ENGINE_FAILED) for a malformed tar; errors of `archive` are passed on
 */
export async function* readTar(archive: Readable, options: ReadTarOptions = {}): AsyncGenerator<TarReadEntry, void, undefined> {
  const { source = 'the archive', invalid = 'CNB_ENGINE_FAILED', signal } = options
  const tar = extract({ filenameEncoding: 'latin1' } as object) as unknown as TarExtract
  keepRawNames(tar)
  let transportError: Error | undefined
  archive.once('error', (error) => {
    // The pipeline passes an error of the reader back to the archive.
    if (!tar.destroying) transportError = error
  })
  // tar-stream's stream class is not Node's; without a callback, an error would be thrown.
  pipeline(signal ? addAbortSignal(signal, archive) : archive, tar, () => {})
  const entries = tar[Symbol.asyncIterator]()
  try {
    for (let next = await entries.next(); !next.done; next = await entries.next()) {
      const content = contentOf(next.value)
      yield { ...headerOf(next.value.header), content }
      content.destroy()
    }
  } catch (error) {
    throwIfAborted(signal)
    if (transportError) throw transportError
    if (error instanceof CnbError) throw error
    const message = error instanceof Error ? error.message : String(error)
    throw new CnbError(invalid, `${source} is not a valid tar archive: ${message}`, { cause: error })
  } finally {
    archive.destroy()
    tar.destroy()
  }
}

/** An entry's content: a streamx stream, compatible with Node's as far as it is used here. */
interface TarSource extends Readable {
  readonly header: Header & { pax?: PaxRecords | null }
}

/** Underscored members of tar-stream 3.2.2 replace a missing option; the reader's tests fail if an update changes them. */
interface TarExtract extends Writable {
  readonly destroying: boolean
  _header: { type: string | null }
  _pax: PaxRecords | null
  _decodeLongHeader(bytes: Buffer): void
  [Symbol.asyncIterator](): AsyncIterator<TarSource>
}

/**
 * tar-stream decodes PAX records as UTF-8, which corrupts other names, and does not validate a record's length. Therefore the records
 * are parsed here. Global records are skipped: they apply to the whole archive, and only a hostile archive uses them to rename or
 * resize entries.
 */
function keepRawNames(tar: TarExtract): void {
  const decodeLongName = tar._decodeLongHeader.bind(tar)
  tar._decodeLongHeader = (bytes) => {
    if (bytes.length > MAX_EXTENDED_HEADER) throw new Error('an extended header is larger than 1 MiB')
    const { type } = tar._header
    if (type === 'pax-header') tar._pax = parsePaxRecords(bytes)
    else if (type !== 'pax-global-header') decodeLongName(bytes)
  }
}

function headerOf(header: TarSource['header']): Omit<TarReadEntry, 'content'> {
  const type = TYPES[header.type ?? '']
  if (!type) throw new Error(`${JSON.stringify(header.name)} has an unsupported type`)
  const { pax } = header
  const numbers = {
    mode: header.mode & 0o7777,
    uid: pax?.['uid'] ? Number(pax['uid']) : header.uid,
    gid: pax?.['gid'] ? Number(pax['gid']) : header.gid,
    mtime: Math.floor(pax?.['mtime'] ? Number(pax['mtime']) : header.mtime.getTime() / 1000),
    size: type === 'file' ? header.size : 0,
    devMajor: header.devmajor,
    devMinor: header.devminor,
  }
  for (const [field, value] of Object.entries(numbers)) {
    if (!Number.isSafeInteger(value)) throw new Error(`the ${field} of ${JSON.stringify(header.name)} is not a number`)
  }
  const linkname = header.linkname ? { linkname: Buffer.from(header.linkname, 'latin1') } : {}
  return { type, name: Buffer.from(header.name, 'latin1'), ...linkname, ...numbers }
}

/** Wraps a tar-stream entry in a Node stream. Destroying it skips the rest of the entry, not of the archive. */
function contentOf(entry: TarSource): Readable {
  const content: Readable = new Readable({
    read: () => entry.resume(),
    destroy: (error, done) => {
      entry.resume()
      done(error)
    },
  })
  entry.on('data', (chunk: Buffer) => {
    if (!content.destroyed && !content.push(chunk)) entry.pause()
  })
  let ended = false
  entry.on('end', () => {
    ended = true
    content.push(null)
  })
  // A pending reader must fail when the archive is abandoned, instead of waiting forever.
  entry.on('close', () => {
    if (!ended) content.destroy(new Error('reading of the archive stopped before this entry was read'))
  })
  entry.on('error', (error) => content.destroy(error))
  // Without a reader of the content, its error reaches the reader of the entries.
  content.on('error', () => {})
  return content
}
