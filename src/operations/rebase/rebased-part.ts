/** The manifest, configuration and blobs of one platform's rebased image, for a registry. */

import { CnbError } from '../../base/errors.ts'
import { bytesBlob } from '../../images/layers/bytes-blob.ts'
import type { Layer, LayerBlob } from '../../images/image.ts'
import { planRebase } from '../../images/rebase/rebase-plan.ts'
import type { ImageContent, StoredDocument, StoredImage } from '../../images/stored-image.ts'
import { encodeImageConfig } from '../../oci/config.ts'
import { digestOf, type Digest } from '../../oci/digest.ts'
import { encodeManifest, readManifest } from '../../oci/manifest.ts'
import { OCI_CONFIG, OCI_MANIFEST, ociLayerType } from '../../oci/media-types.ts'
import { formatPlatform } from '../../oci/platform.ts'
import type { FoundRunImage } from './remote-run-images.ts'

export interface RebasedPart {
  readonly platform: string
  readonly manifest: StoredDocument
  /** The manifest's layers, and for an unchanged image also its configuration. */
  readonly blobs: readonly LayerBlob[]
  /** The layers that exist in the app's repository. */
  readonly present: ReadonlySet<Digest>
  /** The new configuration; absent if the image does not change. */
  readonly config?: LayerBlob
  readonly runImage: string
  readonly previousRunImage: string
  readonly changed: boolean
  /** The reason for the change. */
  readonly reason?: string
  /** The rules that --force overrode. */
  readonly warnings: readonly string[]
}

/**
 * Returns the image that results from a rebase, without sending it. Its layers keep the descriptors of their registries.
 * @param content the store that contains the app
 * @throws CnbError those of planRebase, CNB_UNSUPPORTED for a layer with an unsupported media type
 */
export function rebasePart(app: StoredImage, content: ImageContent, run: FoundRunImage, force: boolean): RebasedPart {
  const plan = planRebase({ app, runImage: run.image, runImageName: run.declaredName, force })
  const { changed, reason, previousRunImage, warnings } = plan
  const common = {
    platform: formatPlatform(app.platform),
    runImage: run.name,
    present: new Set(app.layers.map((layer) => blobOf(layer).descriptor.digest)),
    ...{ previousRunImage, changed, warnings, ...(reason === undefined ? {} : { reason }) },
  }
  if (!changed) return { ...common, manifest: app.manifest, blobs: [configOf(app, content), ...app.layers.map((layer) => blobOf(layer))] }
  const config = bytesBlob({ mediaType: OCI_CONFIG, content: encodeImageConfig(plan.config) })
  const blobs = plan.layers.map((layer) => blobOf(layer, app.reference))
  const manifest = encodeManifest({ config: config.descriptor, layers: blobs.map(({ descriptor }) => descriptor), annotations: readManifest(app.manifest.content, app.reference).annotations })
  return { ...common, manifest: documentOf(OCI_MANIFEST, manifest), blobs, config }
}

/** Returns a manifest or index with its descriptor. */
export function documentOf(mediaType: string, content: Buffer): StoredDocument {
  return { descriptor: { mediaType, digest: digestOf(content), size: content.length }, content }
}

function configOf({ manifest, reference }: StoredImage, content: ImageContent): LayerBlob {
  const { config: descriptor } = readManifest(manifest.content, reference)
  return { descriptor, repository: content.repository, open: (signal) => content.blob(descriptor, signal ? { signal } : {}) }
}

/**
 * Returns the blob of a layer.
 * @param ofNew the image that gets a new manifest with this layer; undefined if the existing manifest is kept
 * @throws CnbError CNB_UNSUPPORTED if a new manifest cannot contain the layer's media type
 */
function blobOf({ blob, diffId }: Layer, ofNew?: string): LayerBlob {
  if (!blob) throw new CnbError('CNB_INTERNAL', `layer ${diffId} is in no registry`)
  if (ofNew === undefined || ociLayerType(blob.descriptor.mediaType) !== undefined) return blob
  throw new CnbError('CNB_UNSUPPORTED', `cannot rebase image '${ofNew}': it has a layer of the unsupported type '${blob.descriptor.mediaType}'`, {
    hint: 'Rebuild the app on a run image with standard layer types.',
  })
}
