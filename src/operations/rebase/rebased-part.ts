/** One platform's image on its new base, as a registry is to keep it. */

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
  /** What the manifest names besides the configuration, or all that it names where that is no new one. */
  readonly blobs: readonly LayerBlob[]
  /** The layers that are where the app was found. */
  readonly present: ReadonlySet<Digest>
  /** The configuration, where the image changes. */
  readonly config?: LayerBlob
  readonly runImage: string
  readonly previousRunImage: string
  readonly changed: boolean
  /** Why it changes. */
  readonly reason?: string
  /** The rules that --force overrode. */
  readonly warnings: readonly string[]
}

/**
 * What an image becomes on a run image. Nothing is sent; layers are named as their registries have them.
 * @param content where the app was found
 * @throws CnbError as planRebase; CNB_UNSUPPORTED for a layer that no manifest of ours can name
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
  const manifest = encodeManifest({ config: config.descriptor, layers: blobs.map(({ descriptor }) => descriptor) })
  return { ...common, manifest: documentOf(OCI_MANIFEST, manifest), blobs, config }
}

/** A manifest or index with what its store will say of it. */
export function documentOf(mediaType: string, content: Buffer): StoredDocument {
  return { descriptor: { mediaType, digest: digestOf(content), size: content.length }, content }
}

function configOf({ manifest, reference }: StoredImage, content: ImageContent): LayerBlob {
  const { config: descriptor } = readManifest(manifest.content, reference)
  return { descriptor, repository: content.repository, open: (signal) => content.blob(descriptor, signal ? { signal } : {}) }
}

/** @param ofNew the image whose new manifest names the layer; without one it stays in a manifest that exists */
function blobOf({ blob, diffId }: Layer, ofNew?: string): LayerBlob {
  if (!blob) throw new CnbError('CNB_INTERNAL', `layer ${diffId} is in no registry`)
  if (ofNew === undefined || ociLayerType(blob.descriptor.mediaType) !== undefined) return blob
  throw new CnbError('CNB_UNSUPPORTED', `image '${ofNew}' has a layer of the type '${blob.descriptor.mediaType}', which cannot be put into a new image`, {
    hint: 'Build the app again, on a run image with layers of the usual types.',
  })
}
