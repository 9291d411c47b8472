/** Tar streams read entry by entry. Whoever made the tar is not trusted: names are bytes, headers are bounded, nothing is kept. */

import { Readable, addAbortSignal, pipeline } from 'node:stream'
import type { Writable } from 'node:stream'
import { extract } from 'tar-stream'
import type { Header } from 'tar-stream'
import { CnbError, throwIfAborted } from '../../base/errors.ts'
import type { ErrorCode } from '../../base/errors.ts'
import { parsePaxRecords } from './pax-records.ts'
import type { PaxRecords } from './pax-records.ts'
import type { TarHeader, TarType } from './tar-header.ts'

/** An entry of a tar; it is a TarEntry, so that packTar takes it as it is. */
export interface TarReadEntry extends TarHeader {
  readonly name: Buffer
  readonly linkname?: Buffer
  /** The file's bytes, to be read before the next entry is asked for; what is left unread is skipped. Empty for all but files. */
  readonly content: Readable
  /** The whole content, where the reader had it at hand (readPlainTar's small files); it costs less than the stream. */
  readonly bytes?: Buffer
}

export interface ReadTarOptions {
  /** What an error calls the archive. */
  readonly source?: string
  /** The error's code when the archive is malformed. */
  readonly invalid?: ErrorCode
  readonly signal?: AbortSignal
}

/** Long names and PAX records of one entry; Go's archive/tar has the same bound. */
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
 * The entries of an uncompressed tar, in order. Leaving the loop early destroys `archive`.
 * @throws CnbError `invalid` (CNB_ENGINE_FAILED when absent) for a malformed tar; what `archive` itself fails with is passed on
 */
export async function* readTar(archive: Readable, options: ReadTarOptions = {}): AsyncGenerator<TarReadEntry, void, undefined> {
  const { source = 'the archive', invalid = 'CNB_ENGINE_FAILED', signal } = options
  const tar = extract({ filenameEncoding: 'latin1' } as object) as unknown as TarExtract
  keepRawNames(tar)
  let transportError: Error | undefined
  archive.once('error', (error) => {
    // The pipeline hands the reader's own complaint back to the archive.
    if (!tar.destroying) transportError = error
  })
  // tar-stream's own stream class only looks like Node's; the callback is there because an error without one is thrown.
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

/** An entry's content: streamx's class, which does what Node's does as far as it is used here. */
interface TarSource extends Readable {
  readonly header: Header & { pax?: PaxRecords | null }
}

/** The underscored parts of tar-stream 3.2.2 stand in for an option it lacks; the reader's tests fail if an update moves them. */
interface TarExtract extends Writable {
  readonly destroying: boolean
  _header: { type: string | null }
  _pax: PaxRecords | null
  _decodeLongHeader(bytes: Buffer): void
  [Symbol.asyncIterator](): AsyncIterator<TarSource>
}

/**
 * tar-stream reads PAX records as UTF-8, which loses the bytes of other names, and does not check their lengths. So they are
 * parsed here. Global records are skipped: they apply to the whole archive, and only a hostile archive renames or resizes every
 * entry with them.
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
  if (!type) throw new Error(`${JSON.stringify(header.name)} is of a type that is not supported`)
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

/** tar-stream's entry as one of Node's streams. Destroying it skips the rest of the entry, not of the archive. */
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
  // Whoever still reads when the archive is left must hear of it, and not wait for ever.
  entry.on('close', () => {
    if (!ended) content.destroy(new Error('the archive was left before this entry was read'))
  })
  entry.on('error', (error) => content.destroy(error))
  // An error that nobody reads the content for reaches the reader of the entries.
  content.on('error', () => {})
  return content
}
