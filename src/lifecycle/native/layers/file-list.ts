/** The files of an app, of which there can be many: each takes few bytes more than its names. */

import type { TarType } from '../../../archive/tar/tar-header.ts'
import type { Spooled } from './spool.ts'
import { compareInWalk } from './walk-order.ts'

/** A file without uid, gid and time, which are the same in the whole layer. */
export interface ListedFile {
  /** Relative to the app's directory, which has no bytes. */
  readonly path: Buffer
  readonly type: TarType
  readonly mode: number
  /** Without bytes unless the file is a symbolic link. */
  readonly linkname: Buffer
  readonly devMajor: number
  readonly devMinor: number
  /** Of a file, and of nothing else. */
  readonly content: Spooled | undefined
}

const TYPES: readonly TarType[] = ['file', 'directory', 'symlink', 'link', 'character', 'block', 'fifo']
const FIRST_BYTES = 64 * 1024

/** The bytes before the names of a file. */
const HEAD = 27
/** Their positions. A file has no device numbers, and a device has no content, so both have one place. */
const AT = { first: 0, second: 8, pathLength: 16, linkLength: 20, mode: 24, type: 26 } as const

export class FileList {
  readonly #starts: number[] = []
  #bytes = Buffer.allocUnsafeSlow(FIRST_BYTES)
  #used = 0

  get length(): number {
    return this.#starts.length
  }

  add({ path, type, mode, linkname, devMajor, devMinor, content }: ListedFile): void {
    const start = this.#used
    this.#reserve(HEAD + path.length + linkname.length)
    const bytes = this.#bytes
    bytes.writeDoubleLE(content ? content.offset : devMajor, start + AT.first)
    bytes.writeDoubleLE(content ? content.size : devMinor, start + AT.second)
    bytes.writeUInt32LE(path.length, start + AT.pathLength)
    bytes.writeUInt32LE(linkname.length, start + AT.linkLength)
    bytes.writeUInt16LE(mode, start + AT.mode)
    bytes.writeUInt8(TYPES.indexOf(type), start + AT.type)
    bytes.set(path, start + HEAD)
    bytes.set(linkname, start + HEAD + path.length)
    this.#starts.push(start)
  }

  /** The file shares the list's memory: do not change it, and add no file before its last use. */
  at(index: number): ListedFile {
    const bytes = this.#bytes
    const start = this.#start(index)
    const [first, second] = [bytes.readDoubleLE(start + AT.first), bytes.readDoubleLE(start + AT.second)]
    const path = this.path(index)
    const end = path.byteOffset - bytes.byteOffset + path.length
    const type = TYPES[bytes.readUInt8(start + AT.type)]!
    const isFile = type === 'file'
    return {
      path,
      type,
      mode: bytes.readUInt16LE(start + AT.mode),
      linkname: bytes.subarray(end, end + bytes.readUInt32LE(start + AT.linkLength)),
      devMajor: isFile ? 0 : first,
      devMinor: isFile ? 0 : second,
      content: isFile ? { offset: first, size: second } : undefined,
    }
  }

  path(index: number): Buffer {
    const start = this.#start(index)
    return this.#bytes.subarray(start + HEAD, start + HEAD + this.#bytes.readUInt32LE(start + AT.pathLength))
  }

  isDirectory(index: number): boolean {
    return this.#bytes[this.#start(index) + AT.type] === TYPES.indexOf('directory')
  }

  /** Compares the paths of two files by their bytes. */
  compare(one: number, other: number): number {
    const bytes = this.#bytes
    const [a, b] = [this.#start(one), this.#start(other)]
    const [lengthOfA, lengthOfB] = [bytes.readUInt32LE(a + AT.pathLength), bytes.readUInt32LE(b + AT.pathLength)]
    const shorter = Math.min(lengthOfA, lengthOfB)
    // Shorter than the time of a call of Buffer.compare.
    for (let at = HEAD; at < HEAD + shorter; at++) {
      const difference = (bytes[a + at] ?? 0) - (bytes[b + at] ?? 0)
      if (difference !== 0) return difference
    }
    return lengthOfA - lengthOfB
  }

  /** Returns the index of the file with this path, if the files have the order of a walk. */
  find(path: Buffer): number | undefined {
    let [low, high] = [0, this.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (compareInWalk(this.path(middle), path) < 0) low = middle + 1
      else high = middle
    }
    return low < this.length && this.path(low).equals(path) ? low : undefined
  }

  #start(index: number): number {
    return this.#starts[index]!
  }

  #reserve(length: number): void {
    const needed = this.#used + length
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.length))
      this.#bytes.copy(larger, 0, 0, this.#used)
      this.#bytes = larger
    }
    this.#used = needed
  }
}
