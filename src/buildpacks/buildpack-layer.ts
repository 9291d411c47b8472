/** Creates a buildpack's layer by pack's rules: the same files produce the same layer in cnb and pack. */

import { makeTarLayer } from '../archive/tar/tar-layer.ts'
import type { TarEntry } from '../archive/tar/tar-writer.ts'
import type { Context } from '../base/events.ts'
import type { Layer } from '../images/image.ts'
import { CONSTANT_MTIME } from '../oci/constant-time.ts'
import { escapeId } from './buildpack-descriptor.ts'
import type { BuildpackDescriptor } from './buildpack-descriptor.ts'
import type { TreeEntry } from './file-tree.ts'
import { ModuleFiles } from './module-files.ts'

const ROOT = { uid: 0, gid: 0, mtime: CONSTANT_MTIME }
/** Made executable in any case. */
const EXECUTABLES = new Set(['bin/build', 'bin/detect', 'bin/generate'])

type TreeEntries = AsyncIterable<TreeEntry> | Iterable<TreeEntry>

/** Returns the directory of a module's files, and its parent, which all versions share (buildpacks/spec distribution.md). */
export function moduleDirectories({ kind, info }: Pick<BuildpackDescriptor, 'kind' | 'info'>): { readonly parent: string; readonly root: string } {
  const parent = `${kind === 'extension' ? '/cnb/extensions' : '/cnb/buildpacks'}/${escapeId(info.id)}`
  return { parent, root: `${parent}/${info.version}` }
}

/**
 * Creates a buildpack's layer: its files below `<id>/<version>`, owned by root, from 1980, mode 0755 if executable and 0644 otherwise.
 * @param entries called for each read of the layer; must return the same entries each time
 * @throws CnbError CNB_BUILDPACK_INVALID for entries that a layer must not contain (module-files.ts); errors of the entries' iteration
 */
export async function buildpackLayer(
  descriptor: BuildpackDescriptor,
  entries: () => TreeEntries,
  { signal }: Context = {},
): Promise<Layer> {
  return makeTarLayer(() => layerEntries(descriptor, entries()), { signal })
}

async function* layerEntries(descriptor: BuildpackDescriptor, entries: TreeEntries): AsyncGenerator<TarEntry> {
  const { parent, root } = moduleDirectories(descriptor)
  for (const name of [parent, root]) yield { ...ROOT, type: 'directory', name, mode: 0o755 }
  const inRoot = (name: Buffer): Buffer => Buffer.concat([Buffer.from(`${root}/`), name])
  const files = new ModuleFiles(`${descriptor.kind} '${descriptor.info.id}'`)
  for await (const entry of entries) {
    const { type, name, linkname, size, content } = entry
    files.check(entry)
    const link = type === 'link' ? { linkname: inRoot(Buffer.from(linkname ?? '')) } : type === 'symlink' ? { linkname } : {}
    yield { ...ROOT, type, name: inRoot(name), ...link, mode: modeOf(entry), ...(type === 'file' ? { size, content } : {}) }
  }
}

function modeOf({ type, mode, name }: TreeEntry): number {
  return type === 'directory' || (mode & 0o111) !== 0 || EXECUTABLES.has(name.toString()) ? 0o755 : 0o644
}
