/** `/layers` after the build, read from a tar: which files there are beside the layers' own (model.ts, LayersTree). */

import type { TarReadEntry } from '../../archive/tar/tar-reader.ts'
import { CnbError } from '../../base/errors.ts'
import { checkMetadataSize } from './metadata-limit.ts'
import type { LayersTree, LayerTreeEntry } from './model.ts'

export interface TreeSurvey {
  readonly tree: LayersTree
  /** SBOM files of `/cnb/lifecycle` by their names. */
  readonly lifecycleFiles: ReadonlyMap<string, Buffer>
}

/**
 * Reads the entries of a tar of `/layers`; what is inside layers' directories is skipped unread.
 * @param root what names begin with in place of `/layers`, such as `./` or `layers/`
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
    if (/(?:^|\/)\.{0,2}(?:\/|$)/.test(path) && path !== '') throw new CnbError('CNB_PHASE_FAILED', `the build's container lists the path '${path}' in /layers`)
    const { content: _, ...header } = entry
    const isContent = isRead(path)
    if (entry.type === 'file' && isContent) tree.set(path, { ...header, content: await read(path, entry) })
    else tree.set(path, (isContent && linkedFile(tree, header, root)) || header)
  }
  return { tree, lifecycleFiles }
}

/** The directories that are layers', relative to `/layers`. */
export function layerDirectories(tree: LayersTree): string[] {
  return [...tree].flatMap(([path, { type }]) => (type === 'directory' && /^(?!(?:config|sbom)\/)[^/]+\/[^/]+$/.test(path) ? [path] : []))
}

/** A hard link to a file that was read is that file: the lifecycle sees no difference. */
function linkedFile(tree: ReadonlyMap<string, LayerTreeEntry>, { name, linkname, type }: LayerTreeEntry, root: string): LayerTreeEntry | undefined {
  const target = type === 'link' ? tree.get(pathOf(linkname?.toString() ?? '', root) ?? '') : undefined
  return target?.content && { ...target, name }
}

function pathOf(name: string, root: string): string | undefined {
  if (name === root.replace(/\/$/, '')) return ''
  const path = name.startsWith(root) ? name.slice(root.length) : name
  return path.startsWith('/') ? undefined : path
}

/** Down to the layers' directories, and all of what the lifecycle itself writes. */
function belongs(path: string): boolean {
  return path.split('/').length <= 2 || /^(?:config|sbom)\//.test(path)
}

function isRead(path: string): boolean {
  return path.endsWith('.toml') || /^(?:config|sbom)\//.test(path)
}
