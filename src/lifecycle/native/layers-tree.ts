/** Reads the metadata files of `/layers` after the build from a tar (model.ts, LayersTree). */

import type { TarReadEntry } from '../../archive/tar/tar-reader.ts'
import { CnbError } from '../../base/errors.ts'
import { checkMetadataSize } from './metadata-limit.ts'
import type { LayersTree, LayerTreeEntry } from './model.ts'

export interface TreeSurvey {
  readonly tree: LayersTree
  /** SBOM files of `/cnb/lifecycle` by name. */
  readonly lifecycleFiles: ReadonlyMap<string, Buffer>
}

/**
 * Reads the entries of a tar of `/layers`; the content of layers' directories is skipped.
 * @param root the prefix of names instead of `/layers`, such as `./` or `layers/`
 * @throws CnbError CNB_PHASE_FAILED for an invalid path, CNB_EXPORT_FAILED for more metadata than the limit
 */
export async function readSurvey(entries: AsyncIterable<TarReadEntry>, root: string): Promise<TreeSurvey> {
  const tree = new Map<string, LayerTreeEntry>()
  const lifecycleFiles = new Map<string, Buffer>()
  let total = 0
  let largest = { path: '', size: 0 }
  const read = async (path: string, { size, content }: TarReadEntry): Promise<Buffer> => {
    total += size
    if (size > largest.size) largest = { path, size }
    checkMetadataSize(total, largest)
    const chunks: Buffer[] = []
    for await (const chunk of content) chunks.push(chunk as Buffer)
    return Buffer.concat(chunks)
  }
  for await (const entry of entries) {
    const name = entry.name.toString().replace(/\/+$/, '')
    const lifecycleFile = /^\/?cnb\/lifecycle\/([^/]+\.sbom\.[^/]+\.json)$/.exec(name)?.[1]
    if (lifecycleFile !== undefined) {
      if (entry.type === 'file') lifecycleFiles.set(lifecycleFile, await read(name, entry))
      continue
    }
    const path = pathOf(name, root)
    if (path === undefined || !belongs(path)) continue
    if (/(?:^|\/)\.{0,2}(?:\/|$)/.test(path) && path !== '') throw new CnbError('CNB_PHASE_FAILED', `invalid path in /layers of the build container: '${path}'`)
    const { content: _, ...header } = entry
    const isContent = isRead(path)
    if (entry.type === 'file' && isContent) tree.set(path, { ...header, content: await read(path, entry) })
    else tree.set(path, (isContent && linkedFile(tree, header, root)) || header)
  }
  return { tree, lifecycleFiles }
}

/** Returns the directories of layers, relative to `/layers`. */
export function layerDirectories(tree: LayersTree): string[] {
  return [...tree].flatMap(([path, { type }]) => (type === 'directory' && /^(?!(?:config|sbom)\/)[^/]+\/[^/]+$/.test(path) ? [path] : []))
}

/** Returns the file that a hard link refers to, if it was read: the lifecycle treats both alike. */
function linkedFile(tree: ReadonlyMap<string, LayerTreeEntry>, { name, linkname, type }: LayerTreeEntry, root: string): LayerTreeEntry | undefined {
  const target = type === 'link' ? tree.get(pathOf(linkname?.toString() ?? '', root) ?? '') : undefined
  return target?.content && { ...target, name }
}

function pathOf(name: string, root: string): string | undefined {
  if (name === root.replace(/\/$/, '')) return ''
  const path = name.startsWith(root) ? name.slice(root.length) : name
  return path.startsWith('/') ? undefined : path
}

/** Whether the path is a layer's directory, above one, or written by the lifecycle. */
function belongs(path: string): boolean {
  return path.split('/').length <= 2 || /^(?:config|sbom)\//.test(path)
}

function isRead(path: string): boolean {
  return path.endsWith('.toml') || /^(?:config|sbom)\//.test(path)
}
