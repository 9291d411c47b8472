/** The fields of a tar block: how text and numbers stand in it (POSIX ustar, and GNU's base 256). */

export const BLOCK = 512
/** Magic and version. */
export const USTAR_MAGIC = 'ustar\x0000'
export const GNU_MAGIC = 'ustar  \0'

const SLASH = 0x2f

/** Zero bytes from the end of `size` bytes of content to the next block. */
export function paddingOf(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK
}

/** Whether the number fits as octal digits and a NUL in `width` bytes. */
export function fitsOctal(value: number, width: number): boolean {
  return value >= 0 && value < 8 ** (width - 1)
}

/** Zero-padded octal and a NUL; 0 when it does not fit, for a PAX record says it then. */
export function writeOctal(block: Buffer, offset: number, width: number, value: number): void {
  const digits = fitsOctal(value, width) ? value.toString(8) : '0'
  block.write(digits.padStart(width - 1, '0'), offset, 'latin1')
}

/** Octal, or GNU's base 256: big-endian two's complement with the highest bit set. */
export function writeNumber(block: Buffer, offset: number, width: number, value: number): void {
  if (fitsOctal(value, width)) return writeOctal(block, offset, width, value)
  let rest = BigInt(value)
  for (let i = offset + width - 1; i >= offset; i--) {
    block[i] = Number(rest & 0xffn)
    rest >>= 8n
  }
  block[offset] = (block[offset] ?? 0) | 0x80
}

/** Text, cut to the field. */
export function writeString(block: Buffer, offset: number, width: number, text: Buffer): void {
  text.copy(block, offset, 0, width)
  if (text.length <= width || block[offset + width - 1] !== SLASH) return
  // A cut name that ends in a slash would look like a directory's to old readers.
  let end = width - 1
  while (end > 0 && text[end - 1] === SLASH) end--
  block[offset + end] = 0
}

/** Writes magic and checksum, once all else is in place. */
export function seal(block: Buffer, magic: string): Buffer {
  block.write(magic, 257, 'latin1')
  block.fill(' ', 148, 156)
  let sum = 0
  for (const byte of block) sum += byte
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return block
}
