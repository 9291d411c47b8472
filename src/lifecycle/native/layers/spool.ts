/** Contents that are needed later than they come: in memory while there is room, then in a file that has no name any more. */

import { readSync } from 'node:fs'
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { CnbError } from '../../../base/errors.ts'
import { makeTemporaryDirectory } from '../../../base/files.ts'

/** Bytes of memory that several spools may use together, besides one block each. */
export interface SpoolMemory {
  left: number
}

/** Where a content is; only its spool can read it. */
export interface Spooled {
  readonly offset: number
  /** Bytes. */
  readonly size: number
}

const BLOCK = 256 * 1024
/** Up to this size a content is read at once and synchronously: that costs less than a trip to the thread pool. */
const SMALL = 64 * 1024

/**
 * Contents are added one after the other, by one caller at a time, and can be read as soon as they are in. Block number n is
 * in memory or at n * BLOCK in the file, which has holes for the others.
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

  /** @throws CnbError CNB_OUTPUT when the temporary directory takes no more; whatever `content` fails with */
  add(content: Buffer | AsyncIterable<unknown>): Spooled | Promise<Spooled> {
    const offset = this.#length
    const start = offset % BLOCK
    // Most are small: no promise for those.
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

  /** The one that is being filled. */
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

  /** A full block stays in memory if there is room. */
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
      throw new CnbError('CNB_OUTPUT', `cannot keep the contents of a layer: ${(error as Error).message}`, {
        cause: error,
        hint: 'Layers need room in the temporary directory: set TMPDIR to one that has it.',
      })
    }
    this.#blocks[index] = undefined
    this.#spare = block
  }

  /** A buffer for a small content; it may share the spool's memory, and is not to be written to. */
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
    if (!this.#file) throw new CnbError('CNB_INTERNAL', 'a layer was read after its factory had been disposed of')
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

/** A content's share of one block: the bytes, or where in the file they are. */
interface SpooledPart {
  readonly block: Buffer | undefined
  readonly position: number
  readonly size: number
}

/** The file goes when it is closed, even by a kill. */
async function openNameless(): Promise<FileHandle> {
  await using directory = await makeTemporaryDirectory('cnb-layers-')
  return await open(join(directory.path, 'spool'), 'wx+', 0o600)
}

function atLeastOne(bytesRead: number): number {
  if (bytesRead === 0) throw new CnbError('CNB_INTERNAL', 'a spooled content is shorter than it was')
  return bytesRead
}
