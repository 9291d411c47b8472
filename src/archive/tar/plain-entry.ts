/** One header of an engine's tar: a ustar block with the PAX records before it. */

import { Readable } from 'node:stream'
import type { PaxRecords } from './pax-records.ts'
import { readOctal, readString } from './tar-block.ts'
import type { TarType } from './tar-header.ts'
import type { TarReadEntry } from './tar-reader.ts'

const TYPES: Readonly<Record<string, TarType>> = {
  '0': 'file',
  '\0': 'file',
  '1': 'link',
  '2': 'symlink',
  '3': 'character',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
}
const SLASH = Buffer.from('/')
const EMPTY = Buffer.alloc(0)
const MAGIC = Buffer.from('ustar\0')

/** A class: it creates the stream of a content on demand, and a copy of its fields does not retain the content. */
export class PlainEntry implements TarReadEntry {
  readonly type: TarType
  name: Buffer
  linkname: Buffer | undefined
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly mtime: number
  readonly size: number
  readonly devMajor: number
  readonly devMinor: number
  #content: Buffer | Readable | undefined

  /** @throws Error describing the invalid field */
  constructor(block: Buffer, pax: PaxRecords | undefined) {
    const number = (field: string, offset: number, width: number): number => {
      const value = pax?.[field] === undefined ? readOctal(block, offset, width) : Math.floor(Number(pax[field]))
      if (Number.isSafeInteger(value)) return value
      throw new Error(`the ${field} of ${JSON.stringify(this.name.toString())} is not a number`)
    }
    const bytes = (field: string, plain: () => Buffer): Buffer => {
      const record = pax?.[field]
      return record === undefined ? plain() : Buffer.from(record, 'latin1')
    }
    if (!isUstar(block)) throw new Error('a header is not POSIX ustar')
    this.name = bytes('path', () => nameIn(block))
    const flag = String.fromCharCode(block[156] ?? 0)
    const type = TYPES[flag]
    if (!type) throw new Error(`${JSON.stringify(this.name.toString())} has an unsupported type: ${JSON.stringify(flag)}`)
    this.type = type
    const linkname = bytes('linkpath', () => readString(block, 157, 100))
    this.linkname = linkname.length > 0 ? linkname : undefined
    this.mode = number('mode', 100, 8) & 0o7777
    this.uid = number('uid', 108, 8)
    this.gid = number('gid', 116, 8)
    const size = number('size', 124, 12)
    this.size = type === 'file' ? size : 0
    this.mtime = number('mtime', 136, 12)
    const isDevice = type === 'character' || type === 'block'
    this.devMajor = isDevice ? number('devMajor', 329, 8) : 0
    this.devMinor = isDevice ? number('devMinor', 337, 8) : 0
  }

  /** Sets the content, for the reader: the bytes of a small one, the stream of a large one. */
  hold(content: Buffer | Readable): void {
    this.#content = content
  }

  get bytes(): Buffer | undefined {
    return this.#content instanceof Readable ? undefined : (this.#content ?? EMPTY)
  }

  get content(): Readable {
    if (this.#content instanceof Readable) return this.#content
    return Readable.from(this.#content && this.#content.length > 0 ? [this.#content] : [], { objectMode: false })
  }
}

export function isUstar(block: Buffer): boolean {
  for (let i = 0; i < MAGIC.length; i++) if (block[257 + i] !== MAGIC[i]) return false
  return true
}

function nameIn(block: Buffer): Buffer {
  const name = readString(block, 0, 100)
  return block[345] === 0 ? name : Buffer.concat([readString(block, 345, 155), SLASH, name])
}
