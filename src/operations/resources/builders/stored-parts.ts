/** The parts of a builder, from the status of resources. */

import { CnbError } from '../../../base/errors.ts'
import type { ApiRange } from '../../../builder/builder.ts'
import type { KpackLifecycle, StoredLayer, StoredModule } from '../../../builder/kpack/kpack-recipe.ts'
import type { StoredImage } from '../../../images/stored-image.ts'
import { isDigest } from '../../../oci/digest.ts'
import { storedLayers } from '../../../oci/extended-manifest.ts'
import { DOCKER_GZIP_LAYER } from '../../../oci/media-types.ts'
import { parseReference } from '../../../oci/reference.ts'
import type { Registries } from '../../../registry/registry.ts'
import type { ClusterLifecycleStatus } from '../../../resources/kinds/bases.ts'
import type { ApiVersions } from '../../../resources/kinds/builder.ts'
import { repositoryBlob } from './resource-images.ts'
import type { ResolvedBuildpack } from './resolve-order.ts'

/** Returns the lifecycle with its layer, the last one of its image. @throws CnbError CNB_LIFECYCLE_INVALID */
export function lifecycleOf({ version = '', api = {}, apis = {} }: ClusterLifecycleStatus, image: StoredImage): KpackLifecycle & { layer: StoredLayer } {
  const [layer, descriptor] = [image.layers.at(-1), storedLayers(image.manifest.content, image.reference).at(-1)]
  if (!layer?.blob || !descriptor) {
    throw new CnbError('CNB_LIFECYCLE_INVALID', 'failed to find lifecycle layer: failed to find lifecycle image layers', { hint: 'Use an image of the lifecycle.' })
  }
  const { diffId, blob } = layer
  return { version, api, apis: { buildpack: rangeOf(apis.buildpack), platform: rangeOf(apis.platform) }, layer: { diffId, descriptor, blob } }
}

function rangeOf(versions: ApiVersions | undefined): ApiRange {
  return { deprecated: versions?.deprecated ?? [], supported: versions?.supported ?? [] }
}

/** Returns a buildpack with its layer in a registry; kpack declares all layers as Docker's. @throws CnbError CNB_BUILDPACK_INVALID */
export function moduleOf({ status }: ResolvedBuildpack, registries: Registries): StoredModule {
  const { id, version, homepage, api = '', order = [], stacks = [], diffId = '', digest = '', size, storeImage } = status
  if (!isDigest(diffId) || !isDigest(digest) || size === undefined || !storeImage) {
    throw new CnbError('CNB_BUILDPACK_INVALID', `the status of buildpack '${id}@${version}' does not say where its layer is`, { hint: 'Resolve its store again.' })
  }
  const descriptor = { mediaType: DOCKER_GZIP_LAYER, digest, size }
  return { id, version, homepage, api, order, stacks, layer: { diffId, descriptor, blob: repositoryBlob(registries, parseReference(storeImage.image), descriptor) } }
}
