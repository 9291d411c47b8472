/** Creates a directory's layer from files in memory: `/layers/config`, `/layers/sbom/launch`. */

import { makeTarLayer } from '../../../archive/tar/tar-layer.ts'
import type { TarHeader } from '../../../archive/tar/tar-header.ts'
import { CnbError } from '../../../base/errors.ts'
import type { Layer } from '../../../images/image.ts'
import type { LayerTreeEntry } from '../model.ts'
import { layerEntry, linkedHeader, parentEntries } from './layer-entries.ts'
import type { EntryOwner } from './layer-entries.ts'
import { compareInWalk } from './walk-order.ts'

/**
 * Returns the same layer as LayerFactory's directoryLayer for the same directory. All names are absolute; `entries` contains the
 * directory and everything below it, in any order. Each hard link becomes a copy of its target.
 * @throws CnbError CNB_EXPORT_FAILED if the target of a hard link is not in `entries`
 */
export async function memoryLayer(parents: readonly TarHeader[], entries: readonly LayerTreeEntry[], owner: EntryOwner): Promise<Layer> {
  const sorted = entries.map((entry) => ({ entry, name: Buffer.from(entry.name) })).sort((a, b) => compareInWalk(a.name, b.name))
  const targets = new Map(sorted.map(({ entry, name }) => [name.toString('latin1'), entry]))
  const expanded = sorted.map(({ entry }) => {
    if (entry.type !== 'link') return layerEntry(entry, owner, entry.content)
    const target = targets.get(Buffer.from(entry.linkname ?? '').toString('latin1'))
    if (target && target.type !== 'link') return layerEntry(linkedHeader(entry, target), owner, target.content)
    throw new CnbError('CNB_EXPORT_FAILED', `cannot create the layer: the target of the hard link ${entry.name.toString()} is outside of it`)
  })
  return makeTarLayer(() => [...parentEntries(parents), ...expanded])
}
