/** Merges the files of layers; whiteouts hide those of lower ones (OCI image-spec, "Whiteouts"). */

import { createHash } from 'node:crypto'
import { posix } from 'node:path'
import { Transform, pipeline, type Readable } from 'node:stream'
import { readTar, type TarReadEntry } from '../../archive/tar/tar-reader.ts'
import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import type { Layer } from '../../images/image.ts'

/** A file's status; `whiteout`: the layer removes the file, or all files of the directory, of lower layers. */
export interface FileStatus {
  type: TarReadEntry['type'] | 'whiteout'
  mode: string
  uid: number
  gid: number
  /** Bytes of a regular file. */
  size?: number
  /** The target of a link. */
  link?: string
}

/** A status and the file's digest, as binary text: it uses half of the memory. */
export interface TreeFile extends FileStatus {
  readonly digest?: string
}

export interface FileLimits {
  readonly entries: number
  /** Of all names and link targets, in bytes. */
  readonly names: number
  /** Of the uncompressed layers. */
  readonly bytes: number
}

/** More than usual images have; an entry takes 1.7 KB of memory. */
const LIMITS: FileLimits = { entries: 200_000, names: 128 * 1024 ** 2, bytes: 64 * 1024 ** 3 }
/** Linux opens no longer path. */
const MAX_NAME = 4096
const WHITEOUT = '.wh.'
const OPAQUE = '.wh..wh..opq'

interface Node {
  file?: TreeFile
  children?: Map<string, Node>
}

/**
 * Reads the layers one after the other and returns their files by path, as binary text. Contents are hashed, not kept.
 * @throws CnbError CNB_IMAGE_INVALID for a malformed layer or a limit that is exceeded, and errors of the layers' streams
 */
export async function readFiles(image: string, layers: readonly Layer[], context: Context, limits = LIMITS): Promise<Map<string, TreeFile>> {
  const left = { ...limits }
  const root: Node = {}
  const spend = (kind: keyof FileLimits, amount: number): void => {
    left[kind] -= amount
    if (left[kind] < 0) throw tooMuch(image, `its layers have more than ${limits[kind]} ${kind === 'names' ? 'bytes of file names' : kind}`)
  }
  for (const layer of layers) {
    const own = new Map<string, TreeFile>()
    const tar = counting(await layer.open(context.signal), (length) => spend('bytes', length))
    for await (const entry of readTar(tar, { source: `layer ${layer.diffId} of '${image}'`, invalid: 'CNB_IMAGE_INVALID', signal: context.signal })) {
      spend('entries', 1)
      const length = Math.max(entry.name.length, entry.linkname?.length ?? 0)
      if (length > MAX_NAME) throw tooMuch(image, `layer ${layer.diffId} has a file name of ${length} bytes; the limit is ${MAX_NAME}`)
      spend('names', entry.name.length + (entry.linkname?.length ?? 0))
      const path = pathOf(entry.name)
      if (path !== '') own.set(path, await fileOf(entry))
    }
    apply(root, own)
  }
  return flatten(root)
}

/** Applies a layer. Its whiteouts have no effect on its own files, in any order. */
function apply(root: Node, own: ReadonlyMap<string, TreeFile>): void {
  const files: [string, TreeFile][] = []
  for (const [path, file] of own) {
    const [directory, name] = [posix.dirname(path), posix.basename(path)]
    if (name === OPAQUE) {
      delete nodeAt(root, directory).children
      files.push([posix.join(directory, '*'), { ...file, type: 'whiteout' }])
    } else if (name.startsWith(WHITEOUT) && !name.startsWith(WHITEOUT + WHITEOUT)) {
      const hidden = posix.join(directory, name.slice(WHITEOUT.length))
      nodeAt(root, directory).children?.delete(posix.basename(hidden))
      files.push([hidden, { ...file, type: 'whiteout' }])
    } else if (!name.startsWith(WHITEOUT)) files.push([path, file])
  }
  // A file that the layer removes and adds is a file.
  for (const [path, file] of files.sort(([, a], [, b]) => Number(b.type === 'whiteout') - Number(a.type === 'whiteout'))) {
    const node = nodeAt(root, path)
    node.file = file
    if (file.type !== 'directory' && file.type !== 'whiteout') delete node.children
  }
}

function nodeAt(root: Node, path: string): Node {
  let node = root
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue
    node.children ??= new Map()
    const next: Node = node.children.get(part) ?? {}
    node.children.set(part, next)
    node = next
  }
  return node
}

function flatten(root: Node): Map<string, TreeFile> {
  const files = new Map<string, TreeFile>()
  const visit = ({ file, children }: Node, path: string): void => {
    if (file) files.set(path, file)
    for (const [name, child] of children ?? []) visit(child, path === '' ? name : `${path}/${name}`)
  }
  visit(root, '')
  return files
}

async function fileOf({ type, mode, uid, gid, size, linkname, content }: TarReadEntry): Promise<TreeFile> {
  const status = { type, mode: mode.toString(8).padStart(4, '0'), uid, gid, ...(linkname ? { link: linkname.toString() } : {}) }
  if (type !== 'file') return status
  const hash = createHash('sha256')
  for await (const chunk of content) hash.update(chunk as Buffer)
  return { ...status, size, digest: hash.digest().toString('latin1') }
}

/** Names are bytes; as binary text, two different names never become equal. */
function pathOf(name: Buffer): string {
  return posix.normalize(`/${name.toString('latin1')}`).slice(1).replace(/\/$/, '')
}

function tooMuch(image: string, why: string): CnbError {
  return new CnbError('CNB_IMAGE_INVALID', `cannot compare the files of image '${image}': ${why}`, { hint: 'Compare the images without --files.' })
}

function counting(tar: Readable, count: (length: number) => void): Readable {
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      try {
        count(chunk.length)
        done(null, chunk)
      } catch (error) {
        done(error as Error)
      }
    },
  })
  // Without a callback, an error would be thrown; the reader receives it.
  return pipeline(tar, counter, () => {})
}
