/** Saves an image to a file, such as a .cnb file: a tar of an OCI layout with this image only. */

import { basename, dirname } from 'node:path'
import { packTar } from '../../archive/tar/tar-writer.ts'
import type { Context } from '../../base/events.ts'
import { encodeImageConfig } from '../../oci/config.ts'
import { digestOf } from '../../oci/digest.ts'
import { encodeManifest } from '../../oci/manifest.ts'
import { OCI_CONFIG, OCI_MANIFEST } from '../../oci/media-types.ts'
import { ociArchive, type ArchivedBlob } from '../engine/image-archive.ts'
import type { ImagePlan, LayerBlob, SavedImage } from '../image.ts'
import { bytesBlob } from '../layers/bytes-blob.ts'
import type { LayerBlobs } from '../layers/layer-blobs.ts'
import { writeDurably } from '../oci-layout/durable-file.ts'

/**
 * Writes the planned image to `path`, which is absolute. After a failure, an existing file is unchanged.
 * @throws CnbError CNB_OUTPUT, CNB_INTERRUPTED, and errors of the layers' streams
 */
export async function saveToArchive(path: string, plan: ImagePlan, blobs: Pick<LayerBlobs, 'of'>, context: Context = {}): Promise<SavedImage> {
  const config = bytesBlob({ mediaType: OCI_CONFIG, content: encodeImageConfig(plan.config) })
  const layers = await Promise.all(plan.layers.map((layer) => blobs.of(layer, context)))
  const content = encodeManifest({ config: config.descriptor, layers: layers.map(({ descriptor }) => descriptor), annotations: plan.annotations })
  const unique = new Map([config, ...layers].map((blob) => [blob.descriptor.digest, archived(blob, context)]))
  const archive = packTar(ociArchive({ mediaType: OCI_MANIFEST, content }, [...unique.values()]), context)
  await writeDurably(dirname(path), basename(path), archive, () => {}, context.signal)
  const digest = digestOf(content)
  return { id: `${path}@${digest}`, repoDigests: [], manifest: { digest, size: content.length }, tags: [path] }
}

function archived(blob: LayerBlob, { signal }: Context): ArchivedBlob {
  const { digest, size } = blob.descriptor
  return { digest, size, content: () => blob.open(signal) }
}
