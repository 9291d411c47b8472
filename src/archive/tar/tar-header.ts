/**
 * Encodes tar headers byte for byte as Go's archive/tar does.
 *
 * A layer's diffID is a hash over them: an image from `cnb` shares layers with one from the lifecycle only if all bytes are equal
 * (Go's src/archive/tar: common.go `allowedFormats`, writer.go, strconv.go).
 *
 * The format is USTAR if every field fits, otherwise PAX, otherwise GNU (a mode or device number that overflows).
 */

import { posix } from 'node:path'
import { CnbError } from '../../base/errors.ts'
import { BLOCK, GNU_MAGIC, USTAR_MAGIC, fitsOctal, paddingOf, writeMagicAndChecksum, writeNumber, writeOctal, writeString } from './tar-block.ts'

export type TarType = 'file' | 'link' | 'symlink' | 'character' | 'block' | 'directory' | 'fifo'

/** The fields of a header. Numbers are integers; `mtime` is in seconds since 1970, `size` in bytes (0 for other types than files). */
export interface TarHeader {
  readonly type: TarType
  /** Written verbatim: not made relative, no slash added. A string is encoded as UTF-8. */
  readonly name: string | Buffer
  readonly linkname?: string | Buffer
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly mtime: number
  readonly size: number
  readonly devMajor?: number
  readonly devMinor?: number
}

const TYPE_FLAGS: Readonly<Record<TarType, string>> = {
  file: '0',
  link: '1',
  symlink: '2',
  character: '3',
  block: '4',
  directory: '5',
  fifo: '6',
}

const NAME_SIZE = 100
const PREFIX_SIZE = 155
const SLASH = 0x2f
/** GNU tar's name of the pseudo file with a long name. */
const GNU_LONG_NAME = Buffer.from('././@LongLink')

/**
 * Returns the blocks before an entry's content: one, or more if a name or number needs an extended header.
 * @throws CnbError CNB_INTERNAL for values that a tar cannot represent: a NUL in a name, a file name that ends in a slash, a negative size
 */
export function encodeTarHeader(header: TarHeader): Buffer {
  const fields = new Fields(header)
  if (fields.fitsUstar) return fields.ustar()
  return fields.fitsPax ? fields.pax() : fields.gnu()
}

/** Returns the length of encodeTarHeader's result, mostly without encoding. @throws CnbError as encodeTarHeader does */
export function tarHeaderLength(header: TarHeader): number {
  return new Fields(header).fitsUstar ? BLOCK : encodeTarHeader(header).length
}

type StringEncoder = (text: Buffer) => Buffer
type NumberEncoder = (block: Buffer, offset: number, width: number, value: number) => void

/** The fields of one header, and the formats that can represent them. */
class Fields {
  readonly #header: TarHeader
  readonly #name: Buffer
  readonly #linkname: Buffer
  readonly #split: { prefix: Buffer; name: Buffer } | undefined
  /** Created on demand; few headers need records. */
  #records: Map<string, Buffer> | undefined
  fitsUstar = true
  fitsPax = true

  constructor(header: TarHeader) {
    this.#header = header
    this.#name = toBytes(header.name)
    this.#linkname = toBytes(header.linkname ?? '')
    this.#refuseTheImpossible()
    this.#split = splitName(this.#name)
    this.#checkString('path', this.#name, this.#split !== undefined)
    this.#checkString('linkpath', this.#linkname, false)
    this.#checkNumber(header.mode, 8)
    this.#checkNumber(header.uid, 8, 'uid')
    this.#checkNumber(header.gid, 8, 'gid')
    this.#checkNumber(header.size, 12, 'size')
    this.#checkNumber(header.mtime, 12, 'mtime')
    this.#checkNumber(header.devMajor ?? 0, 8)
    this.#checkNumber(header.devMinor ?? 0, 8)
  }

  #refuseTheImpossible(): void {
    const { type, size } = this.#header
    const problem =
      this.#name.includes(0) || this.#linkname.includes(0)
        ? 'has a NUL in its name'
        : type !== 'directory' && type !== 'link' && type !== 'symlink' && this.#name.at(-1) === SLASH
          ? 'is not a directory but its name ends in a slash'
          : size < 0 || !Number.isSafeInteger(size)
            ? `has the size ${size}`
            : undefined
    if (problem) throw new CnbError('CNB_INTERNAL', `the tar entry ${JSON.stringify(this.#name.toString())} ${problem}`)
  }

  #checkString(key: string, value: Buffer, splits: boolean): void {
    if (isAscii(value) && value.length <= NAME_SIZE) return
    this.fitsUstar &&= splits
    this.#record(key, value)
  }

  /** Without a `key`, no PAX record can represent the number. */
  #checkNumber(value: number, width: number, key?: string): void {
    if (fitsOctal(value, width)) return
    this.fitsUstar = false
    if (key) this.#record(key, Buffer.from(String(value)))
    else this.fitsPax = false
  }

  #record(key: string, value: Buffer): void {
    this.#records ??= new Map()
    this.#records.set(key, value)
  }

  ustar(): Buffer {
    const block = this.#block(this.#split?.name ?? this.#name, (text) => text, writeOctal)
    if (this.#split) writeString(block, 345, PREFIX_SIZE, this.#split.prefix)
    return writeMagicAndChecksum(block, USTAR_MAGIC)
  }

  pax(): Buffer {
    const records = [...(this.#records ?? [])].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => paxRecord(key, value))
    const main = writeMagicAndChecksum(this.#block(this.#name, toAscii, writeOctal), USTAR_MAGIC)
    return Buffer.concat([pseudoFile('x', paxHeaderName(this.#name), Buffer.concat(records), USTAR_MAGIC), main])
  }

  gnu(): Buffer {
    const long = (type: 'L' | 'K', text: Buffer): Buffer[] =>
      text.length > NAME_SIZE ? [pseudoFile(type, GNU_LONG_NAME, Buffer.concat([text, Buffer.alloc(1)]), GNU_MAGIC)] : []
    const main = this.#block(this.#name, (text) => text, writeNumber)
    return Buffer.concat([...long('L', this.#name), ...long('K', this.#linkname), writeMagicAndChecksum(main, GNU_MAGIC)])
  }

  #block(name: Buffer, encode: StringEncoder, write: NumberEncoder): Buffer {
    const { type, mode, uid, gid, size, mtime, devMajor = 0, devMinor = 0 } = this.#header
    // Not alloc: it makes a system call for each of possibly tens of thousands of blocks.
    const block = Buffer.allocUnsafe(BLOCK).fill(0)
    block[156] = TYPE_FLAGS[type].charCodeAt(0)
    writeString(block, 0, NAME_SIZE, encode(name))
    writeString(block, 157, NAME_SIZE, encode(this.#linkname))
    write(block, 100, 8, mode)
    write(block, 108, 8, uid)
    write(block, 116, 8, gid)
    write(block, 124, 12, size)
    write(block, 136, 12, mtime)
    write(block, 329, 8, devMajor)
    write(block, 337, 8, devMinor)
    return block
  }
}

function toBytes(text: string | Buffer): Buffer {
  return typeof text === 'string' ? Buffer.from(text) : text
}

function isAscii(text: Buffer): boolean {
  for (let i = 0; i < text.length; i++) if (((text[i] ?? 0) - 1) >>> 0 >= 0x7f) return false
  return true
}

function toAscii(text: Buffer): Buffer {
  return isAscii(text) ? text : Buffer.from(text.filter((byte) => byte !== 0 && byte < 0x80))
}

/** Splits a long name at a slash into USTAR's two name fields, if possible. */
function splitName(name: Buffer): { prefix: Buffer; name: Buffer } | undefined {
  if (name.length <= NAME_SIZE || !isAscii(name)) return undefined
  let end = name.length
  if (end > PREFIX_SIZE + 1) end = PREFIX_SIZE + 1
  else if (name.at(-1) === SLASH) end--
  const slash = name.subarray(0, end).lastIndexOf(SLASH)
  const rest = name.length - slash - 1
  return slash <= 0 || rest === 0 || rest > NAME_SIZE ? undefined : { prefix: name.subarray(0, slash), name: name.subarray(slash + 1) }
}

/** Returns an additional header with content, which extends the following entry. */
function pseudoFile(type: string, name: Buffer, content: Buffer, magic: string): Buffer {
  const block = Buffer.alloc(BLOCK)
  block.write(type, 156, 'latin1')
  writeString(block, 0, NAME_SIZE, name)
  for (const offset of [100, 108, 116]) writeOctal(block, offset, 8, 0)
  writeOctal(block, 124, 12, content.length)
  writeOctal(block, 136, 12, 0)
  return Buffer.concat([writeMagicAndChecksum(block, magic), content, Buffer.alloc(paddingOf(content.length))])
}

/** Returns `<dir>/PaxHeaders.0/<base>` in ASCII, truncated to the field. */
function paxHeaderName(name: Buffer): Buffer {
  const path = name.toString('latin1')
  const slash = path.lastIndexOf('/')
  const full = posix.join(path.slice(0, slash + 1), 'PaxHeaders.0', path.slice(slash + 1))
  const ascii = toAscii(Buffer.from(full, 'latin1'))
  let end = Math.min(NAME_SIZE, ascii.length)
  while (end > 0 && ascii[end - 1] === SLASH) end--
  return ascii.subarray(0, end)
}

/** Returns `<length> <key>=<value>\n`; the length includes its own digits. */
function paxRecord(key: string, value: Buffer): Buffer {
  const rest = key.length + value.length + 3
  let length = rest + String(rest).length
  length = rest + String(length).length
  return Buffer.concat([Buffer.from(`${length} ${key}=`), value, Buffer.from('\n')])
}
