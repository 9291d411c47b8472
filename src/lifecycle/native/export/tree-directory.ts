/** Layers from whole directories of `/layers`: config and SBOMs (lifecycle layers/dir.go, archive/tar). */

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

/** Returns a directory as the lifecycle creates it with the umask of its containers. */
export function madeDirectory({ uid, gid }: LayerOwner): LayerTreeEntry {
  return { type: 'directory', name: '', mode: 0o755, uid, gid, mtime: 0, size: 0 }
}

/** Returns a file as the lifecycle creates it. */
export function madeFile(content: Buffer, { uid, gid }: LayerOwner): LayerTreeEntry {
  return { type: 'file', name: '', mode: 0o644, uid, gid, mtime: 0, size: content.length, content }
}

/**
 * Returns the layer of a directory and everything below it, with full paths; undefined if the directory does not exist. Parents keep
 * their owners; the build user owns the rest.
 * @param path relative to `/layers`
 */
export async function treeDirectoryLayer(tree: LayersTree, path: string, owner: LayerOwner): Promise<Layer | undefined> {
  if (!tree.has(path)) return undefined
  const parents = parentsOf(path).map((parent): TarHeader => named(parent, tree.get(parent) ?? madeDirectory(owner)))
  const entries = entriesBelow(tree, path).map(([key, entry]) => named(key, linkedFile(tree, key, entry)))
  return memoryLayer(parents, entries, owner)
}

/** Returns the regular files below a directory, by path relative to it. */
export function filesBelow(tree: LayersTree, path: string): ReadonlyMap<string, Buffer> {
  return new Map(
    entriesBelow(tree, path).flatMap(([key, { content }]) => (content === undefined ? [] : [[key.slice(path.length + 1), content]])),
  )
}

/** Returns the parents: for `sbom/launch`, `''` (`/layers` itself) and `sbom`. */
function parentsOf(path: string): string[] {
  const steps = path.split('/').slice(0, -1)
  return ['', ...steps.map((_, index) => steps.slice(0, index + 1).join('/'))]
}

function entriesBelow(tree: LayersTree, path: string): [string, LayerTreeEntry][] {
  return [...tree].filter(([key]) => key === path || key.startsWith(`${path}/`))
}

/** Returns the target of a hard link, which the lifecycle treats alike. Both names have the same prefix, the tar's root. */
function linkedFile(tree: LayersTree, key: string, entry: LayerTreeEntry): LayerTreeEntry {
  const root = Buffer.from(entry.name).length - Buffer.byteLength(key)
  const file = entry.type === 'link' ? tree.get(Buffer.from(entry.linkname ?? '').subarray(root).toString()) : entry
  if (file && file.type !== 'link' && (file.type !== 'file' || file.content !== undefined)) return file
  throw exportError(`cannot read ${LAYERS_DIR}/${key}`)
}

function named<T extends TarHeader>(key: string, entry: T): T {
  return { ...entry, name: key === '' ? LAYERS_DIR : `${LAYERS_DIR}/${key}` }
}
