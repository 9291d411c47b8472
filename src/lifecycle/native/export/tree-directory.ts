/** Directories of `/layers` that become layers whole: config and SBOMs (lifecycle layers/dir.go, archive/tar). */

import type { TarHeader } from '../../../archive/tar/tar-header.ts'
import type { Layer } from '../../../images/image.ts'
import { LAYERS_DIR } from '../../phase.ts'
import { memoryLayer } from '../layers/memory-layer.ts'
import type { LayersTree, LayerTreeEntry } from '../model.ts'
import { exportError } from './export-error.ts'

export interface LayerOwner {
  readonly uid: number
  readonly gid: number
}

/** A directory as the lifecycle would make it, under the umask that its containers have. */
export function madeDirectory({ uid, gid }: LayerOwner): LayerTreeEntry {
  return { type: 'directory', name: '', mode: 0o755, uid, gid, mtime: 0, size: 0 }
}

/** A file as the lifecycle would make it. */
export function madeFile(content: Buffer, { uid, gid }: LayerOwner): LayerTreeEntry {
  return { type: 'file', name: '', mode: 0o644, uid, gid, mtime: 0, size: content.length, content }
}

/**
 * The layer of one directory and all below it, under its full path; undefined where there is no such directory. What is above
 * keeps its owner, all else is the build user's.
 * @param path relative to `/layers`
 */
export async function treeDirectoryLayer(tree: LayersTree, path: string, owner: LayerOwner): Promise<Layer | undefined> {
  if (!tree.has(path)) return undefined
  const parents = parentsOf(path).map((parent): TarHeader => named(parent, tree.get(parent) ?? madeDirectory(owner)))
  const entries = entriesBelow(tree, path).map(([key, entry]) => named(key, linkedFile(tree, key, entry)))
  return memoryLayer(parents, entries, owner)
}

/** The regular files below a directory, by their paths relative to it. */
export function filesBelow(tree: LayersTree, path: string): ReadonlyMap<string, Buffer> {
  return new Map(
    entriesBelow(tree, path).flatMap(([key, { content }]) => (content === undefined ? [] : [[key.slice(path.length + 1), content]])),
  )
}

/** `sbom/launch` has the parents `''`, which is `/layers` itself, and `sbom`. */
function parentsOf(path: string): string[] {
  const steps = path.split('/').slice(0, -1)
  return ['', ...steps.map((_, index) => steps.slice(0, index + 1).join('/'))]
}

function entriesBelow(tree: LayersTree, path: string): [string, LayerTreeEntry][] {
  return [...tree].filter(([key]) => key === path || key.startsWith(`${path}/`))
}

/** What a hard link is one to, as the lifecycle sees no difference. Both names begin with what the tar was of. */
function linkedFile(tree: LayersTree, key: string, entry: LayerTreeEntry): LayerTreeEntry {
  const root = Buffer.from(entry.name).length - Buffer.byteLength(key)
  const file = entry.type === 'link' ? tree.get(Buffer.from(entry.linkname ?? '').subarray(root).toString()) : entry
  if (file && file.type !== 'link' && (file.type !== 'file' || file.content !== undefined)) return file
  throw exportError(`${LAYERS_DIR}/${key} cannot be read`)
}

function named<T extends TarHeader>(key: string, entry: T): T {
  return { ...entry, name: key === '' ? LAYERS_DIR : `${LAYERS_DIR}/${key}` }
}
