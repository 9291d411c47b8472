/**
 * Tars as engines write them, read at a price that an app of many thousand small files can pay: a small file's content comes
 * with its entry, where tar-reader.ts, which knows every dialect, makes a stream for each. Only what Go's archive/tar writes
 * is known here: ustar blocks, and PAX records before those that need them. Checksums are left out: the bytes come from a
 * socket, not from a tape, and adding them up is a third of the price.
 */

import { Readable, addAbortSignal } from 'node:stream'
import { CnbError, throwIfAborted } from '../../base/errors.ts'
import { ByteSource } from '../byte-source.ts'
import { parsePaxRecords } from './pax-records.ts'
import type { PaxRecords } from './pax-records.ts'
import { PlainEntry, isUstar } from './plain-entry.ts'
import { BLOCK, paddingOf, readOctal } from './tar-block.ts'
import type { ReadTarOptions } from './tar-reader.ts'

/** Up to this size a content is read before its entry is given. */
const SMALL = 64 * 1024
/** A large content comes in pieces of this size: an engine sends small ones, and each would pass through many hands. */
const PIECE = 256 * 1024
const MAX_PAX_RECORDS = 1024 * 1024
const X = 'x'.charCodeAt(0)
const G = 'g'.charCodeAt(0)

/**
 * The entries of an engine's tar, in order; whoever gets an entry may rename it. Leaving the loop early destroys `archive`.
 * @throws CnbError `invalid` (CNB_ENGINE_FAILED when absent) for a malformed tar, one in another dialect, and one that just ends:
 *   that is how engines tell that a file changed under them. What `archive` itself fails with is passed on
 */
export async function* readPlainTar(archive: Readable, options: ReadTarOptions = {}): AsyncGenerator<PlainEntry, void, undefined> {
  const { source = 'the archive', invalid = 'CNB_ENGINE_FAILED', signal } = options
  const wrong = (what: string): CnbError => new CnbError(invalid, `${source} is not a valid tar archive: ${what}`)
  const input = new ByteSource(signal ? addAbortSignal(signal, archive) : archive)
  const exactly = async (length: number): Promise<Buffer> => {
    const bytes = await input.gather(length)
    if (bytes.length < length) throw wrong('it ends too soon')
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
        // Global ones speak of the whole archive; no engine writes any.
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
    // To its end, so that what breaks there is heard of and the connection can be used again.
    while (await input.some(SMALL));
  } catch (error) {
    throwIfAborted(signal)
    throw error
  } finally {
    archive.destroy()
  }
}

/** An entry whose content is read while its reader wants it; the rest is skipped. */
async function* large(entry: PlainEntry, input: ByteSource, wrong: (what: string) => CnbError): AsyncGenerator<PlainEntry> {
  let left = entry.size
  let reading: Promise<unknown> | undefined
  const some = async (): Promise<Buffer | undefined> => {
    if (left === 0) return undefined
    const piece = await input.gather(Math.min(left, PIECE))
    if (piece.length === 0) throw wrong('it ends too soon')
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
  // An error that nobody reads the content for reaches the reader of the entries.
  content.on('error', () => {})
  entry.hold(content)
  try {
    yield entry
  } finally {
    // Whoever still reads must hear of it, and not wait for ever.
    if (!content.readableEnded) content.destroy(new Error('the archive was left before this entry was read'))
  }
  await reading
  while (await some());
  const padding = await input.gather(paddingOf(entry.size))
  if (padding.length < paddingOf(entry.size)) throw wrong('it ends too soon')
}

/** What is wrong with a header is thrown as plain text by those who know where it stands. */
function parsed<T>(parse: () => T, wrong: (what: string) => CnbError): T {
  try {
    return parse()
  } catch (error) {
    throw wrong((error as Error).message)
  }
}
