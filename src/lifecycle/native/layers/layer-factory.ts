/** Makes the layers of what a build left in its container, byte for byte as the lifecycle's exporter makes them. */

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

/** What all spools of a build keep in memory together, in bytes. */
const SPOOL_MEMORY = 8 * 1024 * 1024

/** Its layers can be opened until it is disposed of. */
export class LayerFactory implements AsyncDisposable {
  readonly #source: LayerSource
  readonly #spools: Spool[] = []

  /** `owner` is the build user, whose all files of layers become. */
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
   * The layer of the directory at `path`: its parents' headers as they are, shallowest first, then the directory and all below
   * it as the build user's, each hard link with a content of its own. It is read once, or twice where there are hard links;
   * opening the layer reads it again.
   * @param copy who takes the layer's bytes meanwhile
   * @throws CnbError CNB_EXPORT_FAILED when there is nothing at `path`; an opened layer fails with CNB_APP_CHANGED when it is another by then
   */
  directoryLayer(path: string, parents: readonly TarHeader[], context: Context, copy?: CopyMaker): Promise<Layer> {
    return directoryLayer(this.#source, path, parents, copy, context)
  }

  /**
   * The layers of the app directory at `path`: one for each slice, and one for the rest (slices.ts). Their files are in the byte
   * order of whole paths, which is not the order that they come in, so all contents are kept: those of a small app in memory.
   * @throws CnbError CNB_EXPORT_FAILED for a malformed pattern or when there is nothing at `path`, CNB_OUTPUT when the temporary
   *   directory is full
   */
  sliceLayers(path: string, parents: readonly TarHeader[], slices: readonly Slice[], context: Context): Promise<readonly SliceLayer[]> {
    return sliceLayers(this.#source, path, parents, slices, context)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#spools.splice(0).map((spool) => spool[Symbol.asyncDispose]()))
  }
}
