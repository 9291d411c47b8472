/** Directory trees and their layers by the lifecycle (fixtures/golden/layers/layers.go). */

import { readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import type { TarHeader, TarType } from '../../../../../src/archive/tar/tar-header.ts'
import type { TarReadEntry } from '../../../../../src/archive/tar/tar-reader.ts'
import type { BuildFiles } from '../../../../../src/lifecycle/native/model.ts'

interface GoldenEntry {
  type: TarType
  name: string
  link?: string
  mode: number
  uid: number
  gid: number
  size?: number
}

interface GoldenTree {
  parents: GoldenEntry[]
  entries: GoldenEntry[]
  directory: { diffId: string }
  slices: string[][]
  app: { diffId: string; createdBy: string }[]
}

export const GOLDEN_ROOT = '/srv/golden/app'
export const GOLDEN_OWNER = { uid: 1001, gid: 1000 }
export const goldenTrees = JSON.parse(readFileSync('fixtures/golden/layers/layers.json', 'utf8')) as GoldenTree[]

export function headerOf({ name, link, size = 0, ...rest }: GoldenEntry): TarHeader & { name: Buffer; linkname?: Buffer } {
  const linkname = link === undefined ? {} : { linkname: Buffer.from(link, 'base64') }
  return { ...rest, name: Buffer.from(name, 'base64'), ...linkname, size, mtime: 1_700_000_000 }
}

export function contentOf({ size = 0 }: { readonly size?: number }): Buffer {
  return Buffer.alloc(size, size % 256)
}

/** The files in the form of the engine's archive; `calls` counts the reads. */
export function filesOf(entries: () => readonly (TarHeader & { name: Buffer; linkname?: Buffer; content?: Buffer })[]): BuildFiles & { calls: number } {
  return {
    calls: 0,
    async read(path: string) {
      this.calls++
      const list = entries()
      if (!list.some(({ name }) => name.toString() === path)) return undefined
      return (async function* (): AsyncGenerator<TarReadEntry> {
        for (const { content = Buffer.alloc(0), ...header } of list) yield { ...header, content: Readable.from(content.length > 0 ? [content] : []) }
      })()
    },
  }
}
