/**
 * A fast reader for the tars that engines write, for apps with thousands of small files.
 *
 * A small file's content is part of its entry, whereas tar-reader.ts, which supports all dialects, creates a stream for each. Only
 * the format of Go's archive/tar is supported: ustar blocks, and PAX records where needed. Checksums are not verified: the bytes
 * come from a socket, not from a tape, and the sums take a third of the time.
 */

import { Readable, addAbortSignal } from 'node:stream'
import { CnbError, throwIfAborted } from '../../base/errors.ts'
import { ByteSource } from '../byte-source.ts'
import { parsePaxRecords } from './pax-records.ts'
import type { PaxRecords } from './pax-records.ts'
import { PlainEntry, isUstar } from './plain-entry.ts'
import { BLOCK, paddingOf, readOctal } from './tar-block.ts'
import type { ReadTarOptions } from './tar-reader.ts'

/** Contents up to this size are read before their entry is yielded. */
const SMALL = 64 * 1024
/** Size of the pieces of a large content: an engine sends small ones, with a cost for each, which are combined. */
const PIECE = 256 * 1024
/** Pieces of this size are not combined: that copies them. */
const ENOUGH = 48 * 1024
const MAX_PAX_RECORDS = 1024 * 1024
const X = 'x'.charCodeAt(0)
const G = 'g'.charCodeAt(0)

/**
 * Yields the entries of an engine's tar, in order; the consumer may change an entry's name. Leaving the loop early destroys `archive`.
 * @throws CnbError `invalid` (default: CNB_ENGINE_FAILED) for a malformed or truncated tar or another dialect: engines truncate the
 *   tar if a file changes while they read it. Errors of `archive` are passed on
 */
export async function* readPlainTar(archive: Readable, options: ReadTarOptions = {}): AsyncGenerator<PlainEntry, void, undefined> {
  const { source = 'the archive', invalid = 'CNB_ENGINE_FAILED', signal } = options
  const wrong = (what: string): CnbError => new CnbError(invalid, `${source} is not a valid tar archive: ${what}`)
  const input = new ByteSource(signal ? addAbortSignal(signal, archive) : archive)
  const exactly = async (length: number): Promise<Buffer> => {
    const bytes = await input.gather(length)
    if (bytes.length < length) throw wrong('it is truncated')
    return bytes
  }
  let pax: PaxRecords | undefined
  try {
    for (;;) {
      const block = input.take(BLOCK) ?? (await exactly(BLOCK))
      if (block[0] === 0 && block.every((byte) => byte === 0)) break
      const flag = block[156]
      if (flag === X || flag === G) {
        if (!isUstar(block)) throw wrong('a header is not POSIX ustar')
        const length = readOctal(block, 124, 12)
        if (!(length <= MAX_PAX_RECORDS)) throw wrong('an extended header is larger than 1 MiB')
        const records = await exactly(length + paddingOf(length))
        // Global records apply to the whole archive; no engine writes any.
        if (flag === X) pax = parsed(() => parsePaxRecords(records.subarray(0, length)), wrong)
        continue
      }
      const entry = parsed(() => new PlainEntry(block, pax), wrong)
      pax = undefined
      const padded = entry.size + paddingOf(entry.size)
      if (padded === 0) yield entry
      else if (padded <= SMALL) {
        entry.hold((input.take(padded) ?? (await exactly(padded))).subarray(0, entry.size))
        yield entry
      } else yield* large(entry, input, wrong)
    }
    // Read to the end, which surfaces late errors and makes the connection reusable.
    while (await input.some(SMALL));
  } catch (error) {
    throwIfAborted(signal)
    throw error
  } finally {
    archive.destroy()
  }
}

/** Yields an entry with a content that is read on demand; the rest of it is skipped. */
async function* large(entry: PlainEntry, input: ByteSource, wrong: (what: string) => CnbError): AsyncGenerator<PlainEntry> {
  let left = entry.size
  let reading: Promise<unknown> | undefined
  const some = async (): Promise<Buffer | undefined> => {
    if (left === 0) return undefined
    const piece = await input.piece(ENOUGH, Math.min(left, PIECE))
    if (!piece) throw wrong('it is truncated')
    left -= piece.length
    return piece
  }
  const content = new Readable({
    read() {
      reading = some().then(
        (piece) => this.push(piece ?? null),
        (error: Error) => this.destroy(error),
      )
    },
  })
  // Without a reader of the content, its error reaches the reader of the entries.
  content.on('error', () => {})
  entry.hold(content)
  try {
    yield entry
  } finally {
    // A pending reader must fail instead of waiting forever.
    if (!content.readableEnded) content.destroy(new Error('reading of the archive stopped before this entry was read'))
  }
  await reading
  while (await some());
  const padding = await input.gather(paddingOf(entry.size))
  if (padding.length < paddingOf(entry.size)) throw wrong('it is truncated')
}

/** Runs `parse`; its error becomes a CnbError with the archive's name. */
function parsed<T>(parse: () => T, wrong: (what: string) => CnbError): T {
  try {
    return parse()
  } catch (error) {
    throw wrong((error as Error).message)
  }
}
