/** Encoding of text and numbers in a tar block (POSIX ustar, and GNU's base 256). */

export const BLOCK = 512
/** Magic and version. */
export const USTAR_MAGIC = 'ustar\x0000'
export const GNU_MAGIC = 'ustar  \0'

const SLASH = 0x2f
const ZERO = 0x30
const SPACE = 0x20
const CHECKSUM = 148
const CHECKSUM_WIDTH = 8

/** Returns the number of zero bytes from the end of `size` bytes of content to the next block. */
export function paddingOf(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK
}

/** Whether the number fits as octal digits and a NUL in `width` bytes. */
export function fitsOctal(value: number, width: number): boolean {
  return value >= 0 && value < 8 ** (width - 1)
}

/** Writes zero-padded octal digits and a NUL; 0 if the number does not fit, because a PAX record then contains it. */
export function writeOctal(block: Buffer, offset: number, width: number, value: number): void {
  let rest = fitsOctal(value, width) ? value : 0
  for (let i = offset + width - 2; i >= offset; i--) {
    block[i] = ZERO + (rest % 8)
    rest = Math.floor(rest / 8)
  }
}

/** Reads octal digits up to a NUL or a space; NaN for anything else. An empty field is 0. */
export function readOctal(block: Buffer, offset: number, width: number): number {
  let value = 0
  for (let i = offset; i < offset + width; i++) {
    const digit = (block[i] ?? 0) - ZERO
    if (digit < 0 || digit > 7) return block[i] === 0 || block[i] === SPACE ? value : NaN
    value = value * 8 + digit
  }
  return value
}

/** Returns the field's text up to a NUL, without copying. */
export function readString(block: Buffer, offset: number, width: number): Buffer {
  let end = offset
  while (end < offset + width && block[end] !== 0) end++
  return block.subarray(offset, end)
}

/** Writes octal, or GNU's base 256: big-endian two's complement with the highest bit set. */
export function writeNumber(block: Buffer, offset: number, width: number, value: number): void {
  if (fitsOctal(value, width)) return writeOctal(block, offset, width, value)
  let rest = BigInt(value)
  for (let i = offset + width - 1; i >= offset; i--) {
    block[i] = Number(rest & 0xffn)
    rest >>= 8n
  }
  block[offset] = (block[offset] ?? 0) | 0x80
}

/** Writes text, truncated to the field. */
export function writeString(block: Buffer, offset: number, width: number, text: Buffer): void {
  text.copy(block, offset, 0, width)
  if (text.length <= width || block[offset + width - 1] !== SLASH) return
  // Old readers treat a truncated name that ends in a slash as a directory.
  let end = width - 1
  while (end > 0 && text[end - 1] === SLASH) end--
  block[offset + end] = 0
}

/** Returns the sum of a block's bytes, counting the checksum field as spaces. */
function checksumOf(block: Buffer): number {
  // A manual loop: this is most of the cost of a header, and an app may have tens of thousands.
  let sum = CHECKSUM_WIDTH * SPACE
  for (let i = 0; i < CHECKSUM; i++) sum += block[i] ?? 0
  for (let i = CHECKSUM + CHECKSUM_WIDTH; i < BLOCK; i++) sum += block[i] ?? 0
  return sum
}

/** Writes magic and checksum; call it after all other fields are set. */
export function writeMagicAndChecksum(block: Buffer, magic: string): Buffer {
  for (let i = 0; i < magic.length; i++) block[257 + i] = magic.charCodeAt(i)
  writeOctal(block, CHECKSUM, 7, checksumOf(block))
  block[CHECKSUM + 6] = 0
  block[CHECKSUM + 7] = SPACE
  return block
}
