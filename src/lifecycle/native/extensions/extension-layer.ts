/**
 * A layer as the extender wrote it, made into one that an app image gets (lifecycle layers/tar.go): the same bytes but for times
 * and owners' names. The tar's other dialects than Go's are refused, for nothing else writes these.
 *
 * The lifecycle keeps `atime` and `ctime`, so that its layers never come out the same twice; they mean nothing in an image, and
 * are dropped here. Extended attributes stay: file capabilities are among them.
 */

import type { Readable } from 'node:stream'
import { ByteSource } from '../../../archive/byte-source.ts'
import { parsePaxRecords } from '../../../archive/tar/pax-records.ts'
import { BLOCK, USTAR_MAGIC, paddingOf, readOctal, seal, writeOctal } from '../../../archive/tar/tar-block.ts'
import { CnbError } from '../../../base/errors.ts'
import { CONSTANT_MTIME } from '../../../oci/constant-time.ts'

const MAX_RECORDS = 1024 * 1024
const PIECE = 1024 * 1024
const TIMES = new Set(['mtime', 'atime', 'ctime'])

/**
 * Generates the layer's tar from an uncompressed one; `tar` is read to its end.
 * @throws CnbError CNB_PHASE_FAILED for a tar that the extender cannot have written
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
    // A copy: it is written to, and the source's bytes may be another reader's too.
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
        yield Buffer.concat([seal(block, USTAR_MAGIC), kept, Buffer.alloc(paddingOf(kept.length))])
      }
      continue
    }
    let left = contentSize(flag, size, records)
    records = undefined
    writeOctal(block, 136, 12, CONSTANT_MTIME)
    // The owner's and the group's names.
    block.fill(0, 265, 329)
    yield seal(block, USTAR_MAGIC)
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

/** @throws CnbError for a block that Go's archive/tar does not write for a file, a directory or a link */
function flagOf(block: Buffer): string {
  const flag = String.fromCharCode(block[156] ?? 0)
  if (!/[0-6x]/.test(flag)) throw malformed(`an entry is of the type ${JSON.stringify(flag)}`)
  if (!seal(Buffer.from(block), USTAR_MAGIC).equals(block)) throw malformed('a header has a wrong checksum, or is not POSIX ustar')
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

/** The records as they stand, without those of times. */
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
