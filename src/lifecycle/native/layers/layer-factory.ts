/** Creates layers from a build's container, byte for byte as the lifecycle's exporter does. */

import type { TarHeader } from '../../../archive/tar/tar-header.ts'
import type { Context } from '../../../base/events.ts'
import type { Layer } from '../../../images/image.ts'
import type { BuildFiles } from '../model.ts'
import { type CopyMaker, directoryLayer } from './directory-layer.ts'
import type { EntryOwner } from './layer-entries.ts'
import type { LayerSource } from './layer-source.ts'
import { sliceLayers } from './slice-layers.ts'
import type { SliceLayer } from './slice-layers.ts'
import type { Slice } from './slices.ts'
import { Spool } from './spool.ts'
import type { SpoolMemory } from './spool.ts'

/** The memory that all spools of a build share, in bytes. */
const SPOOL_MEMORY = 8 * 1024 * 1024

/** The layers can be opened until the factory is disposed of. */
export class LayerFactory implements AsyncDisposable {
  readonly #source: LayerSource
  readonly #spools: Spool[] = []

  /** @param owner the build user, who owns all files of the layers */
  constructor(files: BuildFiles, owner: EntryOwner) {
    const memory: SpoolMemory = { left: SPOOL_MEMORY }
    const newSpool = (): Spool => {
      const spool = new Spool(memory)
      this.#spools.push(spool)
      return spool
    }
    this.#source = { files, owner: { uid: owner.uid, gid: owner.gid }, newSpool }
  }

  /**
   * Returns the layer of the directory at `path`: the headers of its parents, shallowest first, then the directory and everything
   * below it, owned by the build user. Each hard link is a copy of its target. The directory is read once, or twice if it has hard
   * links; opening the layer reads it again.
   * @param copy creates a receiver of the layer's bytes while they are read; its argument lists the files to get the layer's size
   * @throws CnbError CNB_EXPORT_FAILED if `path` does not exist; an opened layer fails with CNB_APP_CHANGED if its content changed
   */
  directoryLayer(path: string, parents: readonly TarHeader[], context: Context, copy?: CopyMaker): Promise<Layer> {
    return directoryLayer(this.#source, path, parents, copy, context)
  }

  /**
   * Returns the layers of the app directory at `path`: one for each slice, and one for the remaining files (slices.ts). Their files
   * are in the byte order of whole paths, which differs from the order of the engine's archive, so all contents are spooled; those
   * of a small app stay in memory.
   * @throws CnbError CNB_EXPORT_FAILED for a malformed pattern or if `path` does not exist, CNB_OUTPUT if the temporary directory is
   *   full
   */
  sliceLayers(path: string, parents: readonly TarHeader[], slices: readonly Slice[], context: Context): Promise<readonly SliceLayer[]> {
    return sliceLayers(this.#source, path, parents, slices, context)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#spools.splice(0).map((spool) => spool[Symbol.asyncDispose]()))
  }
}
