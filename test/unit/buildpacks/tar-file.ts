/** Archives for these tests, written by `cnb`'s tar writer. */

import { writeFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { readTar } from '../../../src/archive/tar/tar-reader.ts'
import { packTar, type TarEntry } from '../../../src/archive/tar/tar-writer.ts'
import type { Layer } from '../../../src/images/image.ts'

export type Given = Partial<Omit<TarEntry, 'name' | 'content'>> & { name: string; text?: string; bytes?: Buffer }

function entryOf({ text = '', bytes, ...given }: Given): TarEntry {
  const content = bytes ?? Buffer.from(text)
  return { type: 'file', mode: 0o644, uid: 501, gid: 20, mtime: 1_700_000_000, size: content.length, content, ...given }
}

export function tarOf(given: readonly Given[]): Promise<Buffer> {
  return buffer(packTar(given.map(entryOf)))
}

export async function writeTar(path: string, given: readonly Given[], compress: (tar: Buffer) => Buffer = (tar) => tar): Promise<string> {
  await writeFile(path, compress(await tarOf(given)))
  return path
}

/** A layer's entries in one line each: `mode uid:gid mtime type name -> link = text`. */
export async function listLayer(layer: Layer): Promise<string[]> {
  const lines: string[] = []
  for await (const { type, name, linkname, mode, uid, gid, mtime, content } of readTar(await layer.open())) {
    const text = type === 'file' ? ` = ${JSON.stringify((await buffer(content)).toString())}` : ''
    lines.push(`${mode.toString(8)} ${uid}:${gid} ${mtime} ${type} ${name.toString()}${linkname ? ` -> ${linkname.toString()}` : ''}${text}`)
  }
  return lines
}
