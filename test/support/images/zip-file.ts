/** Creates zip archives, valid or with chosen errors (APPNOTE.TXT). */

import { crc32, deflateRawSync } from 'node:zlib'

export interface GivenZipEntry {
  name: string | Buffer
  content?: string | Buffer
  /** Unix mode with its type; the whole upper half of the attributes. */
  mode?: number
  /** The system that created the entry: 3 is Unix, 0 is FAT, 10 is NTFS. */
  system?: number
  dosAttributes?: number
  method?: number
  flags?: number
  /** Wrong values for the directory. */
  crc?: number
  size?: number
  compressedSize?: number
  offset?: number
  /** Whether to write 64-bit sizes in an extra field, as for files of 4 GiB. */
  zip64?: boolean
}

export const FILE = 0o100644
export const LINK = 0o120777

/** Returns an archive of the entries. */
export function zipFile(entries: readonly GivenZipEntry[], more: { prefix?: Buffer; count?: number; comment?: string; adjust?: boolean } = {}): Buffer {
  const { prefix = Buffer.alloc(0), count, comment = '', adjust = false } = more
  const local: Buffer[] = []
  const directory: Buffer[] = []
  let at = adjust ? prefix.length : 0
  for (const entry of entries) {
    const name = Buffer.from(entry.name)
    const plain = Buffer.from(entry.content ?? '')
    const method = entry.method ?? 8
    const stored = method === 8 ? deflateRawSync(plain) : plain
    const sum = entry.crc ?? crc32(plain)
    const header = Buffer.alloc(30)
    header.writeUInt32LE(0x04034b50, 0)
    header.writeUInt16LE(entry.flags ?? 0, 6)
    header.writeUInt16LE(method, 8)
    header.writeUInt32LE(sum, 14)
    header.writeUInt32LE(stored.length, 18)
    header.writeUInt32LE(plain.length, 22)
    header.writeUInt16LE(name.length, 26)
    local.push(header, name, stored)
    directory.push(central(entry, { name, method, sum, size: plain.length, compressedSize: stored.length, offset: at }))
    at += header.length + name.length + stored.length
  }
  const records = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE((count ?? entries.length) % 0x10000, 8)
  end.writeUInt16LE((count ?? entries.length) % 0x10000, 10)
  end.writeUInt32LE(records.length, 12)
  end.writeUInt32LE(at, 16)
  end.writeUInt16LE(comment.length, 20)
  return Buffer.concat([prefix, ...local, records, end, Buffer.from(comment)])
}

interface Truth {
  name: Buffer
  method: number
  sum: number
  size: number
  compressedSize: number
  offset: number
}

function central(entry: GivenZipEntry, { name, method, sum, ...truth }: Truth): Buffer {
  const size = entry.size ?? truth.size
  const compressedSize = entry.compressedSize ?? truth.compressedSize
  const offset = entry.offset ?? truth.offset
  const extra = entry.zip64 ? Buffer.alloc(28) : Buffer.alloc(0)
  if (entry.zip64) {
    extra.writeUInt16LE(1, 0)
    extra.writeUInt16LE(24, 2)
    for (const [index, value] of [size, compressedSize, offset].entries()) extra.writeBigUInt64LE(BigInt(value), 4 + 8 * index)
  }
  const record = Buffer.alloc(46)
  record.writeUInt32LE(0x02014b50, 0)
  record.writeUInt16LE(((entry.system ?? 3) << 8) | 20, 4)
  record.writeUInt16LE(entry.flags ?? 0, 8)
  record.writeUInt16LE(method, 10)
  // 2026-01-31 12:34:56
  record.writeUInt16LE((12 << 11) | (34 << 5) | 28, 12)
  record.writeUInt16LE((46 << 9) | (1 << 5) | 31, 14)
  record.writeUInt32LE(sum, 16)
  record.writeUInt32LE(entry.zip64 ? 0xffffffff : compressedSize, 20)
  record.writeUInt32LE(entry.zip64 ? 0xffffffff : size, 24)
  record.writeUInt16LE(name.length, 28)
  record.writeUInt16LE(extra.length, 30)
  record.writeUInt32LE((((entry.mode ?? (entry.system === undefined ? FILE : 0)) << 16) | (entry.dosAttributes ?? 0)) >>> 0, 38)
  record.writeUInt32LE(entry.zip64 ? 0xffffffff : offset, 42)
  return Buffer.concat([record, name, extra])
}
