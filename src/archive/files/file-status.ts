/** The status of a file in bytes, which differ after any write to it. */

import { constants, type Stats } from 'node:fs'

/** Device, inode, size, mode, and the times of the last change of content and of status, in 8 bytes each. */
export const STATUS_BYTES = 6 * 8

/** The bytes of one status; `set` replaces them, because a walk has many files. */
export class FileStatus {
  readonly #values = new Float64Array(STATUS_BYTES / 8)
  readonly bytes = Buffer.from(this.#values.buffer)

  set({ dev, ino, size, mode, mtimeMs, ctimeMs }: Stats): void {
    const values = this.#values
    values[0] = dev
    values[1] = ino
    values[2] = size
    values[3] = mode
    values[4] = mtimeMs
    values[5] = ctimeMs
  }
}

/** Whether the bytes of a status are those of a directory. */
export function hasDirectoryStatus(bytes: Buffer): boolean {
  return (bytes.readDoubleLE(3 * 8) & constants.S_IFMT) === constants.S_IFDIR
}

/** Returns the later of the two times in the bytes of a status, in milliseconds. */
export function latestTime(bytes: Buffer): number {
  return Math.max(bytes.readDoubleLE(4 * 8), bytes.readDoubleLE(5 * 8))
}
