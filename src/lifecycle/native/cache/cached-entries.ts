/** Checks that the entries of a cached layer's tar are in the layer's directory. */

import type { TarReadEntry } from '../../../archive/tar/tar-reader.ts'
import type { TarEntry } from '../../../archive/tar/tar-writer.ts'
import { CnbError } from '../../../base/errors.ts'
import { escapeId } from '../../../buildpacks/buildpack-descriptor.ts'

const SLASH = 0x2f
const TYPES = new Set(['directory', 'file', 'symlink'])

/** Owner and time (seconds since 1970) of restored files. As with the stock restorer, the build user owns them. */
export interface RestoredOwner {
  readonly uid: number
  readonly gid: number
  readonly mtime: number
}

/**
 * Returns the entries with names relative to the root (`layers/<buildpack>/<layer>/…`), without the directories above the layer.
 * The parent of each entry is a directory that came before it, so no entry is written through a link.
 * @throws CnbError CNB_RESTORE_FAILED for an entry that an exporter does not write, or without entries
 */
export async function* layerEntries(
  entries: AsyncIterable<TarReadEntry>,
  buildpackId: string,
  layer: string,
  owner: RestoredOwner,
): AsyncGenerator<TarEntry> {
  const parents = ['layers', `layers/${escapeId(buildpackId)}`].map((name) => Buffer.from(name))
  const root = Buffer.from(`layers/${escapeId(buildpackId)}/${layer}`)
  // The directories that contain the last entry, and the last entry itself if it is a directory.
  const open: Buffer[] = []
  let isEmpty = true
  for await (const entry of entries) {
    const name = relativeName(entry.name)
    if (entry.type === 'directory' && parents.some((parent) => parent.equals(name))) continue
    const parent = name.subarray(0, Math.max(name.lastIndexOf(SLASH), 0))
    while (open.length > 0 && !open.at(-1)?.equals(parent)) open.pop()
    const isRoot = name.equals(root) && entry.type === 'directory'
    if (!TYPES.has(entry.type) || !isPlain(name) || (open.length === 0 && !isRoot)) {
      throw new CnbError('CNB_RESTORE_FAILED', `the cached layer '${buildpackId}:${layer}' has the ${entry.type} ${JSON.stringify(entry.name.toString())}, which does not belong to it`)
    }
    if (entry.type === 'directory') open.push(name)
    const { type, linkname, mode, size, devMajor, devMinor } = entry
    yield { type, name, linkname, mode, ...owner, size, devMajor, devMinor, content: entry.bytes ?? entry.content }
    isEmpty = false
  }
  if (isEmpty) throw new CnbError('CNB_RESTORE_FAILED', `the cached layer '${buildpackId}:${layer}' is empty`)
}

/** Removes the leading slash, and the trailing slash that some tools write after a directory's name. */
function relativeName(name: Buffer): Buffer {
  const start = name[0] === SLASH ? 1 : 0
  const end = name.length > start + 1 && name.at(-1) === SLASH ? name.length - 1 : name.length
  return name.subarray(start, end)
}

/** Whether no part of the path is empty, `.` or `..`. */
function isPlain(name: Buffer): boolean {
  return !name.toString('latin1').split('/').some((part) => part === '' || part === '.' || part === '..')
}
