/** The interface of a cache in a directory of the host or in a registry, as the user specifies it. */

import type { Context } from '../../../base/events.ts'
import type { Layer, LayerBlob } from '../../../images/image.ts'
import type { Digest } from '../../../oci/digest.ts'
import type { CacheRecord } from '../model.ts'
import type { LayerTars } from './layer-tars.ts'

export interface CacheContent {
  /** The `sha` of each layer is the digest of its uncompressed tar. */
  readonly record: CacheRecord
  readonly layerOf: (buildpackId: string, layer: string) => Promise<Layer>
  /** The layer with the record's SBOM files. */
  readonly sbom: Layer | undefined
}

/** Its content has the stock lifecycle's format. */
export interface SharedCache {
  /** The directory or the image's name, for messages. */
  readonly place: string
  readonly tars: LayerTars
  /** Returns the layer's blob in the cache's registry; it may be other content than the layer unless this build has verified it. */
  readonly blob?: (diffId: Digest, context: Context) => Promise<LayerBlob | undefined>
  /**
   * Replaces the cache with the content. Layers that the cache already has are neither read nor sent.
   * @throws CnbError CNB_OUTPUT, CNB_EXPORT_FAILED, CNB_REGISTRY_*; the cache is then unchanged
   */
  fill(content: CacheContent, context: Context): Promise<void>
}
