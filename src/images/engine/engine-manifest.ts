/** The size of a manifest for an image on a graph-driver engine, which stores no manifests. */

import { encodeImageConfig } from '../../oci/config.ts'
import { digestOf } from '../../oci/digest.ts'
import { encodeManifest } from '../../oci/manifest.ts'
import { OCI_CONFIG, OCI_LAYER } from '../../oci/media-types.ts'
import type { ImagePlan } from '../image.ts'

/**
 * Returns the size in bytes of a manifest with the configuration and the layers, for `manifest-size` in report.toml. The lifecycle
 * generates a manifest too (imgutil local/v1_facade.go), with the sizes of the layers that it read. Here all sizes are 0: the report of
 * an image is reproducible, and the size is some bytes per layer less than in a registry.
 */
export function engineManifestSize({ config, layers }: Pick<ImagePlan, 'config' | 'layers'>): number {
  const content = encodeImageConfig(config)
  return encodeManifest({
    config: { mediaType: OCI_CONFIG, digest: digestOf(content), size: content.length },
    layers: layers.map(({ diffId }) => ({ mediaType: OCI_LAYER, digest: diffId, size: 0 })),
  }).length
}
