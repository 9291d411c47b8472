/** Stores contents for later: in memory up to a limit, then in an unlinked temporary file. */

import { readSync } from 'node:fs'
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { CnbError } from '../../../base/errors.ts'
import { makeTemporaryDirectory } from '../../../base/files.ts'

/** The bytes of memory that several spools can still use together, in addition to one block each. */
export interface SpoolMemory {
  left: number
}

/** Contents in a spool. Only the spool that returned this position can read them. */
export interface Spooled {
  readonly offset: number
  /** Bytes. */
  readonly size: number
}

const BLOCK = 256 * 1024
/** Contents up to this size, in bytes, are read synchronously, which is faster than through the thread pool. */
const SMALL = 64 * 1024

/**
 * Contents are added one after another, by one caller at a time, and can be read after that. Block number n is in memory or at
 * n * BLOCK in the file, which is sparse.
 */
export class Spool implements AsyncDisposable {
  readonly #memory: SpoolMemory
  readonly #blocks: (Buffer | undefined)[] = []
  #length = 0
  /** Bytes of the shared memory that this spool has taken. */
  #taken = 0
  #spare: Buffer | undefined
  #file: FileHandle | undefined

  constructor(memory: SpoolMemory) {
    this.#memory = memory
  }

  /** Adds a content. @throws CnbError CNB_OUTPUT if the temporary directory is full; errors of `content` */
  add(content: Buffer | AsyncIterable<unknown>): Spooled | Promise<Spooled> {
    const offset = this.#length
    const start = offset % BLOCK
    // Most contents are small, so they are added without a promise.
    if (!Buffer.isBuffer(content) || start + content.length >= BLOCK) return this.#addPieces(Buffer.isBuffer(content) ? [content] : content)
    content.copy(this.#block(), start)
    this.#length += content.length
    return { offset, size: content.length }
  }

  async #addPieces(content: readonly Buffer[] | AsyncIterable<unknown>): Promise<Spooled> {
    const offset = this.#length
    for await (const piece of content) await this.#append(piece as Buffer)
    return { offset, size: this.#length - offset }
  }

  /** Returns the block that is being filled. */
  #block(): Buffer {
    return (this.#blocks[Math.floor(this.#length / BLOCK)] ??= this.#spare ?? Buffer.allocUnsafeSlow(BLOCK))
  }

  async #append(piece: Buffer): Promise<void> {
    for (let done = 0; done < piece.length; ) {
      const block = this.#block()
      const copied = piece.copy(block, this.#length % BLOCK, done)
      done += copied
      this.#length += copied
      if (this.#length % BLOCK === 0) await this.#keep(this.#length / BLOCK - 1, block)
    }
  }

  /** Keeps a full block in memory if the limit allows it; otherwise writes it to the file. */
  async #keep(index: number, block: Buffer): Promise<void> {
    if (this.#memory.left >= BLOCK) {
      this.#memory.left -= BLOCK
      this.#taken += BLOCK
      this.#spare = undefined
      return
    }
    try {
      this.#file ??= await openNameless()
      for (let done = 0; done < BLOCK; ) done += (await this.#file.write(block, done, BLOCK - done, index * BLOCK + done)).bytesWritten
    } catch (error) {
      throw new CnbError('CNB_OUTPUT', `cannot write the contents of a layer to a temporary file: ${(error as Error).message}`, {
        cause: error,
        hint: 'Set TMPDIR to a directory with more free space.',
      })
    }
    this.#blocks[index] = undefined
    this.#spare = block
  }

  /** Returns a small content as a buffer, otherwise a stream. The buffer can share the spool's memory: do not change it. */
  read(content: Spooled): Buffer | Readable {
    const parts = this.#parts(content)
    if (content.size > SMALL) return Readable.from(this.#stream(parts), { objectMode: false })
    const pieces = parts.map(({ block, position, size }) => {
      if (block) return block
      const piece = Buffer.allocUnsafe(size)
      for (let done = 0; done < size; ) done += atLeastOne(readSync(this.#fd(), piece, done, size - done, position + done))
      return piece
    })
    return pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces)
  }

  async *#stream(parts: readonly SpooledPart[]): AsyncGenerator<Buffer> {
    for (const { block, position, size } of parts) {
      if (block) yield block
      else {
        const piece = Buffer.allocUnsafeSlow(size)
        for (let done = 0; done < size; ) {
          done += atLeastOne((await this.#opened().read(piece, done, size - done, position + done)).bytesRead)
        }
        yield piece
      }
    }
  }

  #parts({ offset, size }: Spooled): SpooledPart[] {
    const parts: SpooledPart[] = []
    for (let position = offset; position < offset + size; ) {
      const start = position % BLOCK
      const length = Math.min(BLOCK - start, offset + size - position)
      const block = this.#blocks[Math.floor(position / BLOCK)]?.subarray(start, start + length)
      parts.push({ block, position, size: length })
      position += length
    }
    return parts
  }

  #opened(): FileHandle {
    if (!this.#file) throw new CnbError('CNB_INTERNAL', 'cannot read a layer: its factory is already disposed of')
    return this.#file
  }

  #fd(): number {
    return this.#opened().fd
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#memory.left += this.#taken
    this.#taken = 0
    this.#blocks.length = 0
    await this.#file?.close()
    this.#file = undefined
  }
}

/** A content's part of one block: the bytes in memory, or their position in the file. */
interface SpooledPart {
  readonly block: Buffer | undefined
  readonly position: number
  readonly size: number
}

/** Creates a file without a name; it disappears when it is closed, even if the process is killed. */
async function openNameless(): Promise<FileHandle> {
  await using directory = await makeTemporaryDirectory('cnb-layers-')
  return await open(join(directory.path, 'spool'), 'wx+', 0o600)
}

function atLeastOne(bytesRead: number): number {
  if (bytesRead === 0) throw new CnbError('CNB_INTERNAL', 'cannot read a spooled content: its file is too short')
  return bytesRead
}
