/**
 * Converts a layer that the extender writes into a layer of the app image (lifecycle layers/tar.go).
 *
 * It normalizes times and removes the names of owners. Only the tar format of Go's archive/tar is accepted, because the extender
 * writes no other.
 *
 * The lifecycle keeps `atime` and `ctime`, which makes its layers differ from build to build; they have no meaning in an image, and
 * are removed here. Extended attributes stay, because they include file capabilities.
 */

import type { Readable } from 'node:stream'
import { ByteSource } from '../../../archive/byte-source.ts'
import { parsePaxRecords } from '../../../archive/tar/pax-records.ts'
import { BLOCK, USTAR_MAGIC, paddingOf, readOctal, writeMagicAndChecksum, writeOctal } from '../../../archive/tar/tar-block.ts'
import { CnbError } from '../../../base/errors.ts'
import { CONSTANT_MTIME } from '../../../oci/constant-time.ts'

const MAX_RECORDS = 1024 * 1024
const PIECE = 1024 * 1024
const TIMES = new Set(['mtime', 'atime', 'ctime'])

/**
 * Generates the layer's tar from an uncompressed tar, which it reads to the end.
 * @throws CnbError CNB_PHASE_FAILED if the tar is malformed
 */
export async function* extensionLayer(tar: Readable): AsyncGenerator<Buffer, void, undefined> {
  const input = new ByteSource(tar)
  const exactly = async (length: number): Promise<Buffer> => {
    const bytes = await input.gather(length)
    if (bytes.length < length) throw malformed('it ends too soon')
    return bytes
  }
  let records: Buffer | undefined
  for (;;) {
    // A copy, because the block is changed, and the source may share its bytes with another reader.
    const block = Buffer.from(await exactly(BLOCK))
    if (block.every((byte) => byte === 0)) break
    const flag = flagOf(block)
    const size = readOctal(block, 124, 12)
    if (flag === 'x') {
      if (records || !(size <= MAX_RECORDS)) throw malformed('an extended header is out of bounds')
      records = Buffer.from((await exactly(size + paddingOf(size))).subarray(0, size))
      const kept = withoutTimes(records)
      if (kept.length > 0) {
        writeOctal(block, 124, 12, kept.length)
        yield Buffer.concat([writeMagicAndChecksum(block, USTAR_MAGIC), kept, Buffer.alloc(paddingOf(kept.length))])
      }
      continue
    }
    let left = contentSize(flag, size, records)
    records = undefined
    writeOctal(block, 136, 12, CONSTANT_MTIME)
    // The names of the owner and the group.
    block.fill(0, 265, 329)
    yield writeMagicAndChecksum(block, USTAR_MAGIC)
    left += paddingOf(left)
    while (left > 0) {
      const piece = await input.some(Math.min(left, PIECE))
      if (!piece) throw malformed('it ends too soon')
      left -= piece.length
      yield piece
    }
  }
  yield Buffer.alloc(2 * BLOCK)
  while (await input.some(PIECE));
}

/** Returns the header's type flag. @throws CnbError for a header that Go's archive/tar does not write for files, directories and links */
function flagOf(block: Buffer): string {
  const flag = String.fromCharCode(block[156] ?? 0)
  if (!/[0-6x]/.test(flag)) throw malformed(`an entry has the type ${JSON.stringify(flag)}`)
  if (!writeMagicAndChecksum(Buffer.from(block), USTAR_MAGIC).equals(block)) throw malformed('a header has a wrong checksum, or is not POSIX ustar')
  return flag
}

function contentSize(flag: string, size: number, records: Buffer | undefined): number {
  const recorded = records && readRecords(records)['size']
  const bytes = recorded === undefined ? size : Number(recorded)
  if (!Number.isSafeInteger(bytes) || (flag !== '0' && bytes !== 0)) throw malformed('an entry has no valid size')
  return bytes
}

function readRecords(bytes: Buffer): ReturnType<typeof parsePaxRecords> {
  try {
    return parsePaxRecords(bytes)
  } catch (error) {
    throw malformed((error as Error).message)
  }
}

/** Returns the records without those of times, otherwise byte for byte. */
function withoutTimes(bytes: Buffer): Buffer {
  readRecords(bytes)
  const kept: Buffer[] = []
  for (let start = 0; start < bytes.length; ) {
    const record = bytes.subarray(start, start + parseInt(bytes.toString('latin1', start, start + 8), 10))
    const key = record.toString('latin1', record.indexOf(' ') + 1, record.indexOf('='))
    if (!TIMES.has(key)) kept.push(record)
    start += record.length
  }
  return Buffer.concat(kept)
}

function malformed(problem: string): CnbError {
  return new CnbError('CNB_PHASE_FAILED', `a layer that the extender wrote is malformed: ${problem}`)
}
