/** A cache that the user names, in place of the volumes of one engine: a directory of the host, or an image in a registry. */

import type { Context } from '../../../base/events.ts'
import type { Layer } from '../../../images/image.ts'
import type { CacheRecord } from '../model.ts'
import type { LayerTars } from './layer-tars.ts'

export interface CacheContent {
  /** Whose layers have the digests of their tars. */
  readonly record: CacheRecord
  readonly layerOf: (buildpackId: string, layer: string) => Promise<Layer>
  /** The layer of the SBOM files that the record has. */
  readonly sbom: Layer | undefined
}

/** What it holds is as the stock lifecycle has it there. Leaving the scope of `await using` removes what was kept for reading. */
export interface SharedCache extends AsyncDisposable {
  /** Where it is, for messages. */
  readonly place: string
  readonly tars: LayerTars
  /**
   * Puts the content in the place of what is there; layers that are there already are neither read nor sent.
   * @throws CnbError CNB_OUTPUT, CNB_EXPORT_FAILED, CNB_REGISTRY_*; the cache is then as it was
   */
  fill(content: CacheContent, context: Context): Promise<void>
}
