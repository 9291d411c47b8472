/** A layer that is one directory (the lifecycle's layers/dir.go, v0.21.0). */

import { makeTarLayer, type TarCopy } from '../../../archive/tar/tar-layer.ts'
import type { TarHeader } from '../../../archive/tar/tar-header.ts'
import type { TarReadEntry } from '../../../archive/tar/tar-reader.ts'
import type { TarEntry } from '../../../archive/tar/tar-writer.ts'
import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import type { Layer } from '../../../images/image.ts'
import { layerEntry, linkedHeader, parentEntries } from './layer-entries.ts'
import { filesAt, keyOf } from './layer-source.ts'
import type { LayerSource } from './layer-source.ts'
import type { Spool, Spooled } from './spool.ts'

/** LayerFactory's directoryLayer, of files that somebody else owns. */
export async function directoryLayer(
  source: LayerSource,
  path: string,
  parents: readonly TarHeader[],
  copy: CopyMaker | undefined,
  { signal }: Context,
): Promise<Layer> {
  const above = [...parentEntries(parents)]
  const targets = new Set<string>()
  try {
    return await makeTarLayer((signal) => withoutLinks(source, path, above, targets, signal), { signal, copy })
  } catch (error) {
    if (!(error instanceof HardLinksFound)) throw error
  }
  const links = { targets, found: new Map<string, ArchiveTarget>(), spool: source.newSpool() }
  return makeTarLayer((signal) => withLinks(source, path, above, links, signal), { signal, copy })
}

/** Called for each time that the layer is read for its digest. */
export type CopyMaker = () => Promise<TarCopy>

class HardLinksFound extends Error {}

/** The layer if it has no hard links; else it fails at the end, when all their targets are in `targets`. */
async function* withoutLinks(
  source: LayerSource,
  path: string,
  above: readonly TarEntry[],
  targets: Set<string>,
  signal: AbortSignal | undefined,
): AsyncGenerator<TarEntry> {
  yield* above
  for await (const entry of filesAt(source, path, { signal })) {
    if (entry.type === 'link') targets.add(keyOf(entry.linkname))
    // A layer that begins to go wrong is not hashed to its end.
    else if (targets.size === 0) yield layerEntry(entry, source.owner, entry.bytes ?? entry.content)
  }
  if (targets.size > 0) throw new HardLinksFound()
}

/** What hard links name: mostly files, but links and devices have them too (`cp -al`). */
interface ArchiveTarget {
  readonly header: TarHeader
  readonly content: Spooled | undefined
}

interface Links {
  readonly targets: ReadonlySet<string>
  readonly found: Map<string, ArchiveTarget>
  readonly spool: Spool
}

/** The layer with each hard link as what it is one to. The lifecycle does not see that two names are one, so it is there twice. */
async function* withLinks(
  source: LayerSource,
  path: string,
  above: readonly TarEntry[],
  links: Links,
  signal: AbortSignal | undefined,
): AsyncGenerator<TarEntry> {
  yield* above
  for await (const entry of filesAt(source, path, { signal })) {
    if (entry.type === 'link') yield linked(entry, source, links)
    else yield layerEntry(entry, source.owner, await contentOf(entry, links))
  }
}

/** A target's is kept when it goes by for the first time. */
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
    throw new CnbError('CNB_APP_CHANGED', `${link.name.toString()} became a hard link to ${link.linkname?.toString()} while it was read`, {
      hint: 'Build again when nothing writes to it.',
    })
  }
  const { header, content } = target
  return layerEntry(linkedHeader(link, header), source.owner, content && spool.read(content))
}
