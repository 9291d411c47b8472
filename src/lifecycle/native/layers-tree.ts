/** `/layers` after the build, read from a tar: which files there are beside the layers' own (model.ts, LayersTree). */

import { buffer } from 'node:stream/consumers'
import type { TarReadEntry } from '../../archive/tar-reader.ts'
import { CnbError } from '../../base/errors.ts'
import type { LayersTree, TreeEntry } from './model.ts'

/** What is kept in memory in all; the session's output has the same bound. */
const MAX_CONTENT = 64 * 1024 * 1024

export interface Survey {
  readonly tree: LayersTree
  /** SBOM files of `/cnb/lifecycle` by their names. */
  readonly lifecycleFiles: ReadonlyMap<string, Buffer>
}

/**
 * Reads the entries of a tar of `/layers`; what is inside layers' directories is skipped unread.
 * @param root what names begin with in place of `/layers`, such as `./` or `layers/`
 */
export async function readSurvey(entries: AsyncIterable<TarReadEntry>, root: string): Promise<Survey> {
  const tree = new Map<string, TreeEntry>()
  const lifecycleFiles = new Map<string, Buffer>()
  let size = 0
  const read = async (entry: TarReadEntry): Promise<Buffer> => {
    size += entry.size
    if (size > MAX_CONTENT) {
      throw new CnbError('CNB_EXPORT_FAILED', `the build left more than ${MAX_CONTENT >> 20} MiB of metadata below /layers`)
    }
    return buffer(entry.content)
  }
  for await (const entry of entries) {
    const name = entry.name.toString().replace(/\/+$/, '')
    const lifecycleFile = /^\/?cnb\/lifecycle\/([^/]+\.sbom\.[^/]+\.json)$/.exec(name)?.[1]
    if (lifecycleFile !== undefined) {
      if (entry.type === 'file') lifecycleFiles.set(lifecycleFile, await read(entry))
      continue
    }
    const path = pathOf(name, root)
    if (path === undefined || !belongs(path)) continue
    const { content: _, ...header } = entry
    tree.set(path, entry.type === 'file' && isRead(path) ? { ...header, content: await read(entry) } : header)
  }
  return { tree, lifecycleFiles }
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
