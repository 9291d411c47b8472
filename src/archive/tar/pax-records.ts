/** Parser of PAX extended headers (POSIX pax); values are bytes, not always UTF-8. */

/** Records by key. Values are latin1 text, one character per byte, which preserves all bytes of a path. */
export type PaxRecords = Readonly<Record<string, string>>

/** The keys that the reader uses; others, such as extended attributes, are dropped. */
const KEYS = new Set(['path', 'linkpath', 'size', 'uid', 'gid', 'mtime'])
const SPACE = 0x20
const EQUALS = 0x3d
const NEWLINE = 0x0a
const MAX_LENGTH_DIGITS = 8

/**
 * Parses `<length> <key>=<value>\n` records.
 * @throws Error describing the malformed record
 */
export function parsePaxRecords(bytes: Buffer): PaxRecords {
  const records = Object.create(null) as Record<string, string>
  let start = 0
  while (start < bytes.length) {
    const space = bytes.indexOf(SPACE, start)
    const digits = space < 0 || space - start > MAX_LENGTH_DIGITS ? '' : bytes.toString('latin1', start, space)
    const end = start + Number(digits)
    if (!/^[1-9]\d*$/.test(digits) || end > bytes.length || end <= space + 1 || bytes[end - 1] !== NEWLINE) {
      throw new Error('a PAX record has an invalid length')
    }
    const equals = bytes.indexOf(EQUALS, space)
    if (equals < 0 || equals >= end) throw new Error('a PAX record has no "="')
    const key = bytes.toString('latin1', space + 1, equals)
    if (key.startsWith('GNU.sparse.')) throw new Error('sparse files are not supported')
    if (KEYS.has(key)) records[key] = checked(key, bytes.toString('latin1', equals + 1, end - 1))
    start = end
  }
  return records
}

function checked(key: string, value: string): string {
  const valid = key === 'path' || key === 'linkpath' ? !value.includes('\0') : key === 'mtime' ? isTime(value) : /^\d{1,16}$/.test(value)
  if (!valid) throw new Error(`the PAX record ${key} has an invalid value`)
  return value
}

function isTime(value: string): boolean {
  return /^-?\d{1,15}(\.\d*)?$/.test(value)
}
