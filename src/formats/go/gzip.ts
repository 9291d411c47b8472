/**
 * gzip as Go writes it at level 1 (BestSpeed): the digest of a layer depends on these bytes.
 *
 * Go's packages compress/flate (deflatefast.go, huffman_bit_writer.go) define the choices; the format is RFC 1951 and RFC 1952.
 */

import { crc32 } from 'node:zlib'
import { huffmanCodes, type Code } from './huffman.ts'

/** Input bytes of one block of deflate. */
const BLOCK = 65_535
/** Shorter blocks are not searched for repetitions, or not compressed. */
const SEARCHED_FROM = 128
const STORED_UP_TO = 16
const MAX_MATCH = 258
const MAX_DISTANCE = 32_768
/** The last bytes of a block in which no repetition begins. */
const MARGIN = 15
const TABLE_BITS = 14

const END_OF_BLOCK = 256
const LITERALS = 286
const DISTANCES = 30
/** The order in which the lengths of the codes of code lengths are written (RFC 1951, section 3.2.7). */
const LENGTHS_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

/** Level 1, and an unknown operating system. */
const HEADER = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255]

/** A byte, or a repetition: its length and its distance. */
type Token = number | readonly [length: number, distance: number]

/** Returns Go's gzip of the bytes. For small contents: all is in memory. */
export function goGzip(content: Buffer): Buffer {
  const out = new BitWriter()
  const search = new Repetitions(content)
  for (let at = 0; at < content.length; at += BLOCK) writeBlock(out, search, content, at, Math.min(at + BLOCK, content.length))
  out.stored(Buffer.alloc(0), true)
  const trailer = Buffer.alloc(8)
  trailer.writeUInt32LE(crc32(content), 0)
  trailer.writeUInt32LE(content.length % 2 ** 32, 4)
  return Buffer.concat([Buffer.from(HEADER), out.bytes(), trailer])
}

function writeBlock(out: BitWriter, search: Repetitions, content: Buffer, start: number, end: number): void {
  const bytes = content.subarray(start, end)
  if (bytes.length <= STORED_UP_TO) return out.stored(bytes, false)
  const tokens = bytes.length < SEARCHED_FROM ? [] : search.tokens(start, end)
  const helps = tokens.length > 0 && tokens.length <= bytes.length - (bytes.length >> 4)
  writeTokens(out, helps ? tokens : [...bytes], helps ? undefined : bytes)
}

/** Finds repetitions of at least four bytes, by the last place of each hash. */
class Repetitions {
  readonly #content: Buffer
  readonly #places = new Int32Array(1 << TABLE_BITS).fill(-2 * MAX_DISTANCE)
  readonly #values = new Uint32Array(1 << TABLE_BITS)

  constructor(content: Buffer) {
    this.#content = content
  }

  tokens(start: number, end: number): Token[] {
    const content = this.#content
    const limit = end - MARGIN
    const found: Token[] = []
    let emitted = start
    const literals = (to: number): void => {
      for (; emitted < to; emitted++) found.push(content[emitted]!)
    }
    for (let at = start; ; at++) {
      let candidate: number | undefined
      for (let skip = 32, next = at; candidate === undefined; ) {
        at = next
        next = at + (skip >> 5)
        skip += skip >> 5
        if (next > limit) {
          literals(end)
          return found
        }
        candidate = this.#replace(at)
      }
      literals(at)
      for (; candidate !== undefined; candidate = this.#replace(at)) {
        const length = this.#lengthOf(candidate, at, end)
        found.push([length, at - candidate])
        at += length
        emitted = at
        if (at >= limit) {
          literals(end)
          return found
        }
        this.#replace(at - 1)
      }
    }
  }

  /** Remembers a place. Returns the last place with the same four bytes, if it is near enough. */
  #replace(at: number): number | undefined {
    const value = this.#content.readUInt32LE(at)
    const hash = Math.imul(value, 0x1e35a7bd) >>> (32 - TABLE_BITS)
    const [place, known] = [this.#places[hash]!, this.#values[hash]!]
    this.#places[hash] = at
    this.#values[hash] = value
    return known === value && at - place <= MAX_DISTANCE ? place : undefined
  }

  #lengthOf(from: number, at: number, end: number): number {
    const max = Math.min(MAX_MATCH, end - at)
    let length = 4
    while (length < max && this.#content[from + length] === this.#content[at + length]) length++
    return length
  }
}

/** @param content the bytes, to store them instead if the codes are not shorter */
function writeTokens(out: BitWriter, tokens: readonly Token[], content?: Buffer): void {
  const [literals, distances] = [LITERALS, DISTANCES].map((count) => new Array<number>(count).fill(0)) as [number[], number[]]
  for (const token of tokens) {
    if (typeof token === 'number') literals[token]!++
    else {
      literals[lengthCode(token[0]).symbol]!++
      distances[distanceCode(token[1]).symbol]!++
    }
  }
  literals[END_OF_BLOCK] = 1
  // A code of distances must have at least one.
  if (!distances.some((count) => count > 0)) distances[0] = 1
  const [literalCodes, distanceCodes] = [huffmanCodes(literals, 15), huffmanCodes(distances, 15)]
  const header = dynamicHeader(used(literalCodes), used(distanceCodes))
  if (content) {
    const bits = header.reduce((sum, [, length]) => sum + length, 0) + bitsOf(literals, literalCodes) + (distances[0] ?? 0)
    if ((content.length + 5) * 8 < bits + (bits >> 4)) return out.stored(content, false)
  }
  for (const [bits, length] of header) out.bits(bits, length)
  const write = ({ bits, length }: Code): void => out.bits(bits, length)
  for (const token of tokens) {
    if (typeof token === 'number') write(literalCodes[token]!)
    else {
      const [length, distance] = [lengthCode(token[0]), distanceCode(token[1])]
      write(literalCodes[length.symbol]!)
      out.bits(length.extra, length.extraBits)
      write(distanceCodes[distance.symbol]!)
      out.bits(distance.extra, distance.extraBits)
    }
  }
  write(literalCodes[END_OF_BLOCK]!)
}

function used(codes: readonly Code[]): number[] {
  return codes.slice(0, codes.findLastIndex(({ length }) => length > 0) + 1).map(({ length }) => length)
}

function bitsOf(counts: readonly number[], codes: readonly Code[]): number {
  return counts.reduce((sum, count, symbol) => sum + count * codes[symbol]!.length, 0)
}

type Bits = readonly [bits: number, length: number]

/** Returns the header of a block with dynamic codes (RFC 1951, section 3.2.7). */
function dynamicHeader(literals: readonly number[], distances: readonly number[]): Bits[] {
  const runs = runsOf([...literals, ...distances])
  const counts = new Array<number>(LENGTHS_ORDER.length).fill(0)
  for (const { symbol } of runs) counts[symbol]!++
  const codes = huffmanCodes(counts, 7)
  const order = LENGTHS_ORDER.slice(0, Math.max(LENGTHS_ORDER.findLastIndex((symbol) => counts[symbol]! > 0) + 1, 4))
  return [
    [4, 3], [literals.length - 257, 5], [distances.length - 1, 5], [order.length - 4, 4],
    ...order.map((symbol): Bits => [codes[symbol]!.length, 3]),
    ...runs.flatMap(({ symbol, extra, extraBits }): Bits[] => [[codes[symbol]!.bits, codes[symbol]!.length], [extra, extraBits]]),
  ]
}

/** A symbol, and the bits that follow its code. */
interface Symbol {
  readonly symbol: number
  readonly extra: number
  readonly extraBits: number
}

/** Returns the code lengths with symbols for repetitions: 16 of the last length, 17 and 18 of zero. */
function runsOf(lengths: readonly number[]): Symbol[] {
  const runs: Symbol[] = []
  const add = (symbol: number, extra = 0, extraBits = 0): void => void runs.push({ symbol, extra, extraBits })
  for (let at = 0; at < lengths.length; ) {
    const length = lengths[at]!
    let count = 1
    while (lengths[at + count] === length) count++
    at += count
    if (length === 0) {
      for (; count >= 11; count -= Math.min(count, 138)) add(18, Math.min(count, 138) - 11, 7)
      if (count >= 3) {
        add(17, count - 3, 3)
        count = 0
      }
    } else {
      add(length)
      for (count--; count >= 3; count -= Math.min(count, 6)) add(16, Math.min(count, 6) - 3, 2)
    }
    for (; count > 0; count--) add(length)
  }
  return runs
}

/** The symbol of a length (RFC 1951, section 3.2.5). */
function lengthCode(length: number): Symbol {
  if (length === MAX_MATCH) return { symbol: 285, extra: 0, extraBits: 0 }
  const { symbol, extra, extraBits } = rangeCode(length - 3, 2)
  return { symbol: symbol + 257, extra, extraBits }
}

function distanceCode(distance: number): Symbol {
  return rangeCode(distance - 1, 1)
}

/** Values have 2^groupBits symbols for each power of two. */
function rangeCode(value: number, groupBits: number): Symbol {
  const extraBits = Math.max(31 - Math.clz32(value) - groupBits, 0)
  return { symbol: (value >> extraBits) + (extraBits << groupBits), extra: value & ((1 << extraBits) - 1), extraBits }
}

class BitWriter {
  readonly #bytes: number[] = []
  #pending = 0
  #count = 0

  /** Writes up to 16 bits, the lowest first. */
  bits(bits: number, length: number): void {
    this.#pending |= bits << this.#count
    this.#count += length
    for (; this.#count >= 8; this.#count -= 8, this.#pending >>>= 8) this.#bytes.push(this.#pending & 0xff)
  }

  /** Writes a block without compression. */
  stored(content: Buffer, isLast: boolean): void {
    this.bits(isLast ? 1 : 0, 3)
    if (this.#count > 0) this.bits(0, 8 - this.#count)
    this.bits(content.length, 16)
    this.bits(content.length ^ 0xffff, 16)
    for (const byte of content) this.#bytes.push(byte)
  }

  bytes(): Buffer {
    return Buffer.from(this.#bytes)
  }
}
