/** Entries of a cached layer's tar, as they may be unpacked into `/layers`: its own directory and nothing else. */

import type { TarReadEntry } from '../../../archive/tar/tar-reader.ts'
import { CnbError } from '../../../base/errors.ts'
import { escapeId } from '../../../buildpacks/descriptor.ts'

const SLASH = 0x2f
const TYPES = new Set(['directory', 'file', 'symlink'])

/** Whose the files become, and of which time (seconds since 1970): the stock restorer's are new ones of the build user. */
export interface RestoredOwner {
  readonly uid: number
  readonly gid: number
  readonly mtime: number
}

/**
 * The entries with names relative to the root (`layers/<buildpack>/<layer>/…`), without the directories above the layer. Each is
 * in a directory that came before it, so that none is reached through a link.
 * @throws CnbError CNB_RESTORE_FAILED for an entry that no exporter would have written
 */
export async function* layerEntries(
  entries: AsyncIterable<TarReadEntry>,
  buildpackId: string,
  layer: string,
  owner: RestoredOwner,
): AsyncGenerator<TarReadEntry> {
  const parents = ['layers', `layers/${escapeId(buildpackId)}`].map((name) => Buffer.from(name))
  const root = Buffer.from(`layers/${escapeId(buildpackId)}/${layer}`)
  // The directories on the way to the last entry.
  const open: Buffer[] = []
  for await (const entry of entries) {
    const name = relativeName(entry.name)
    if (entry.type === 'directory' && parents.some((parent) => parent.equals(name))) continue
    const parent = name.subarray(0, Math.max(name.lastIndexOf(SLASH), 0))
    while (open.length > 0 && !open.at(-1)?.equals(parent)) open.pop()
    const isRoot = name.equals(root) && entry.type === 'directory'
    if (!TYPES.has(entry.type) || !isPlain(name) || (open.length === 0 && !isRoot)) {
      throw new CnbError('CNB_RESTORE_FAILED', `the cached layer '${buildpackId}:${layer}' has the ${entry.type} ${JSON.stringify(entry.name.toString())}, which cannot be its own`)
    }
    if (entry.type === 'directory') open.push(name)
    yield { ...entry, ...owner, name }
  }
}

/** Without the slash before it, and without the one that some put after a directory. */
function relativeName(name: Buffer): Buffer {
  const start = name[0] === SLASH ? 1 : 0
  const end = name.length > start + 1 && name.at(-1) === SLASH ? name.length - 1 : name.length
  return name.subarray(start, end)
}

/** Whether no part of the path is empty, `.` or `..`. */
function isPlain(name: Buffer): boolean {
  return !name.toString('latin1').split('/').some((part) => part === '' || part === '.' || part === '..')
}
