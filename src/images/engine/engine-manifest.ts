/** The manifest of an image that is on an engine, where images have none of their own. */

import { encodeImageConfig } from '../../oci/config.ts'
import { digestOf } from '../../oci/digest.ts'
import { encodeManifest } from '../../oci/manifest.ts'
import { OCI_CONFIG, OCI_LAYER } from '../../oci/media-types.ts'
import type { ImagePlan } from '../image.ts'

/**
 * The size in bytes of a manifest that names the configuration and the layers, for `manifest-size` in report.toml. The lifecycle
 * makes one up, too (imgutil local/v1_facade.go), with the sizes of the layers that it had to read. Here all sizes are 0: a
 * report of one image is always the same, and some bytes for each layer below what a registry will have.
 */
export function engineManifestSize({ config, layers }: Pick<ImagePlan, 'config' | 'layers'>): number {
  const content = encodeImageConfig(config)
  return encodeManifest({
    config: { mediaType: OCI_CONFIG, digest: digestOf(content), size: content.length },
    layers: layers.map(({ diffId }) => ({ mediaType: OCI_LAYER, digest: diffId, size: 0 })),
  }).length
}
