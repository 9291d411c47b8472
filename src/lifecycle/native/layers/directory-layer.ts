/** Creates the layer of one directory (lifecycle v0.21.0 layers/dir.go). */

import { makeTarLayer, type TarCopy } from '../../../archive/tar/tar-layer.ts'
import type { TarHeader } from '../../../archive/tar/tar-header.ts'
import type { TarReadEntry } from '../../../archive/tar/tar-reader.ts'
import { sizeInTar, TAR_END, type TarEntry } from '../../../archive/tar/tar-writer.ts'
import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import type { Layer } from '../../../images/image.ts'
import { layerEntry, linkedHeader, parentEntries } from './layer-entries.ts'
import { filesAt, keyOf } from './layer-source.ts'
import type { LayerSource } from './layer-source.ts'
import type { Spool, Spooled } from './spool.ts'

/** Implements LayerFactory's directoryLayer. The caller owns `source`. */
export async function directoryLayer(
  source: LayerSource,
  path: string,
  parents: readonly TarHeader[],
  copy: CopyMaker | undefined,
  context: Context,
): Promise<Layer> {
  const { signal } = context
  const above = [...parentEntries(parents)]
  const targets = new Set<string>()
  const copyOf = copy && (() => copy(() => listedSize(source, path, above)))
  try {
    return await makeTarLayer((signal) => withoutLinks(source, path, above, targets, { ...context, signal }), { signal, copy: copyOf })
  } catch (error) {
    if (!(error instanceof HardLinksFound)) throw error
  }
  const links = { targets, found: new Map<string, ArchiveTarget>(), spool: source.newSpool() }
  return makeTarLayer((signal) => withLinks(source, path, above, links, { ...context, signal }), { signal, copy: copyOf })
}

/** Called each time the layer is read for its digest. */
export type CopyMaker = (sizeOf: () => Promise<number | undefined>) => Promise<TarCopy | undefined>

/** Returns the layer's size in bytes before it is read; undefined if its files cannot be listed. */
async function listedSize({ files, owner }: LayerSource, path: string, above: readonly TarEntry[]): Promise<number | undefined> {
  const listed = await files.list?.(path)
  if (!listed) return undefined
  let size = TAR_END
  for (const entry of above) size += sizeInTar(entry)
  for await (const header of listed) size += sizeInTar(layerEntry(header, owner))
  return size
}

class HardLinksFound extends Error {}

/** Generates the layer. With hard links, it collects their targets in `targets` and throws HardLinksFound at the end. */
async function* withoutLinks(
  source: LayerSource,
  path: string,
  above: readonly TarEntry[],
  targets: Set<string>,
  context: Context,
): AsyncGenerator<TarEntry> {
  yield* above
  for await (const entry of filesAt(source, path, context)) {
    if (entry.type === 'link') targets.add(keyOf(entry.linkname))
    // After the first hard link the layer is generated again, so hashing the rest is unnecessary.
    else if (targets.size === 0) yield layerEntry(entry, source.owner, entry.bytes ?? entry.content)
  }
  if (targets.size > 0) throw new HardLinksFound()
}

/** The target of a hard link: mostly a file, but symbolic links and devices can have hard links too (`cp -al`). */
interface ArchiveTarget {
  readonly header: TarHeader
  readonly content: Spooled | undefined
}

interface Links {
  readonly targets: ReadonlySet<string>
  readonly found: Map<string, ArchiveTarget>
  readonly spool: Spool
}

/** Generates the layer with a copy of the target for each hard link, as the lifecycle does: it does not detect hard links. */
async function* withLinks(
  source: LayerSource,
  path: string,
  above: readonly TarEntry[],
  links: Links,
  context: Context,
): AsyncGenerator<TarEntry> {
  yield* above
  for await (const entry of filesAt(source, path, context)) {
    if (entry.type === 'link') yield linked(entry, source, links)
    else yield layerEntry(entry, source.owner, await contentOf(entry, links))
  }
}

/** Returns the entry's content; the first time, also stores the content of a hard link's target in the spool. */
async function contentOf(entry: TarReadEntry, { targets, found, spool }: Links): Promise<TarEntry['content']> {
  const key = keyOf(entry.name)
  if (!targets.has(key) || found.has(key)) return entry.bytes ?? entry.content
  const content = entry.type === 'file' ? await spool.add(entry.bytes ?? entry.content) : undefined
  found.set(key, { header: linkedHeader(entry, entry), content })
  return content && spool.read(content)
}

function linked(link: TarReadEntry, source: LayerSource, { found, spool }: Links): TarEntry {
  const target = found.get(keyOf(link.linkname))
  if (!target) {
    throw new CnbError('CNB_APP_CHANGED', `cannot read ${link.name.toString()}: it became a hard link to ${link.linkname?.toString()} during the build`, {
      hint: 'Build again when no program writes to it.',
    })
  }
  const { header, content } = target
  return layerEntry(linkedHeader(link, header), source.owner, content && spool.read(content))
}
