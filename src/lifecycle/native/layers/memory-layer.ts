/** A directory's layer from files that are in memory already: `/layers/config`, `/layers/sbom/launch`. */

import { makeTarLayer } from '../../../archive/tar/tar-layer.ts'
import type { TarHeader } from '../../../archive/tar/tar-header.ts'
import { CnbError } from '../../../base/errors.ts'
import type { Layer } from '../../../images/image.ts'
import type { LayerTreeEntry } from '../model.ts'
import { layerEntry, linkedHeader, parentEntries } from './layer-entries.ts'
import type { EntryOwner } from './layer-entries.ts'
import { compareInWalk } from './walk-order.ts'

/**
 * The layer that LayerFactory's directoryLayer makes of the same directory. All names are absolute; `entries` has the directory
 * itself and all below it, in any order. A hard link becomes what it is one to, as there.
 * @throws CnbError CNB_EXPORT_FAILED for a hard link to what is not among the entries
 */
export async function memoryLayer(parents: readonly TarHeader[], entries: readonly LayerTreeEntry[], owner: EntryOwner): Promise<Layer> {
  const sorted = entries.map((entry) => ({ entry, name: Buffer.from(entry.name) })).sort((a, b) => compareInWalk(a.name, b.name))
  const targets = new Map(sorted.map(({ entry, name }) => [name.toString('latin1'), entry]))
  const expanded = sorted.map(({ entry }) => {
    if (entry.type !== 'link') return layerEntry(entry, owner, entry.content)
    const target = targets.get(Buffer.from(entry.linkname ?? '').toString('latin1'))
    if (target && target.type !== 'link') return layerEntry(linkedHeader(entry, target), owner, target.content)
    throw new CnbError('CNB_EXPORT_FAILED', `${entry.name.toString()} is a hard link to something that is not in the same layer`)
  })
  return makeTarLayer(() => [...parentEntries(parents), ...expanded])
}
