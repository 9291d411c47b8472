/** Plans a builder with kpack's layers and labels (its pkg/cnb/builder_builder.go). */

import { buffer } from 'node:stream/consumers'
import type { Context } from '../../base/events.ts'
import { formatEntry } from '../../buildpacks/order.ts'
import { goGzip } from '../../formats/go/gzip.ts'
import { compareBytes } from '../../formats/go/json.ts'
import type { Layer, LayerBlob } from '../../images/image.ts'
import { bytesBlob } from '../../images/layers/bytes-blob.ts'
import type { StoredImage } from '../../images/stored-image.ts'
import { encodeImageConfig, type ImageConfig } from '../../oci/config.ts'
import { CONSTANT_TIME } from '../../oci/constant-time.ts'
import type { Digest } from '../../oci/digest.ts'
import { extendManifest } from '../../oci/extended-manifest.ts'
import { encodeManifest } from '../../oci/manifest.ts'
import { DOCKER_GZIP_LAYER, isDistributable, OCI_CONFIG, ociLayerType, OCI_MANIFEST } from '../../oci/media-types.ts'
import { directoriesLayer, filesLayer, historyOfBase } from '../create.ts'
import { kpackFiles } from './kpack-files.ts'
import { kpackLabels } from './kpack-labels.ts'
import type { KpackBuilderRecipe, StoredLayer, StoredModule } from './kpack-recipe.ts'

/** An image's manifest, and all its blobs. */
export interface StoredPlan {
  readonly manifest: { readonly mediaType: string; readonly content: Buffer }
  readonly config: ImageConfig
  readonly blobs: readonly LayerBlob[]
  /** The layers above those of the build image. */
  readonly layers: readonly StoredLayer[]
  /** In the order of the builder's layers. */
  readonly buildpacks: readonly StoredModule[]
}

const DIRECTORIES = ['/cnb', '/cnb/buildpacks', '/platform', '/platform/env']

/** Plans a builder; the same recipe results in the same bytes. @throws CnbError CNB_IMAGE_INVALID */
export async function planKpackBuilder(recipe: KpackBuilderRecipe, { signal }: Context = {}): Promise<StoredPlan> {
  const { buildImage, user, lifecycle, more } = recipe
  const buildpacks = bySize(recipe.buildpacks)
  const extensions = bySize(more?.extensions ?? [])
  const directories = [...DIRECTORIES, ...(extensions.length > 0 ? ['/cnb/extensions'] : [])]
  const own = async (layer: Promise<Layer>): Promise<StoredLayer> => compressed(await layer, signal)
  const added = new Map<Digest, StoredLayer & { text: string }>()
  const add = (layer: StoredLayer, text: string): void => {
    if (!added.has(layer.diffId)) added.set(layer.diffId, { ...layer, text })
  }
  add(await own(directoriesLayer(user, directories, signal)), 'directories')
  add(lifecycle.layer, `lifecycle ${lifecycle.version}`)
  for (const module of [...buildpacks, ...extensions]) add(module.layer, formatEntry(module))
  for (const file of kpackFiles(recipe)) add(await own(filesLayer([file], '/cnb', signal)), file.name)

  const layers = [...added.values()]
  const config = builderConfig(recipe, { buildpacks, extensions }, layers)
  const content = encodeImageConfig(config)
  const configBlob = bytesBlob({ mediaType: OCI_CONFIG, content })
  const base = buildImage.layers.flatMap(({ blob }) => (blob && isDistributable(blob.descriptor.mediaType) ? [blob] : []))
  return {
    manifest: more ? ociManifest(buildImage, layers, configBlob) : {
      mediaType: buildImage.manifest.descriptor.mediaType,
      content: extendManifest(buildImage.manifest.content, layers.map(({ descriptor }) => descriptor), content, configBlob.descriptor, buildImage.reference),
    },
    config,
    blobs: [...base, ...layers.map(({ blob }) => blob), configBlob],
    layers,
    buildpacks,
  }
}

/** The media types of one family: kpack adds Docker's layers to OCI's manifests. */
function ociManifest({ layers }: StoredImage, added: readonly StoredLayer[], config: LayerBlob): StoredPlan['manifest'] {
  const blobs = [...layers.map(({ blob }) => blob!), ...added.map(({ blob }) => blob)]
  const described = blobs.map(({ descriptor }) => ({ ...descriptor, mediaType: ociLayerType(descriptor.mediaType) ?? descriptor.mediaType }))
  return { mediaType: OCI_MANIFEST, content: encodeManifest({ config: config.descriptor, layers: described }) }
}

function builderConfig(recipe: KpackBuilderRecipe, modules: { buildpacks: readonly StoredModule[]; extensions: readonly StoredModule[] }, added: readonly (StoredLayer & { text: string })[]): ImageConfig {
  const { buildImage, labels, more } = recipe
  const base = buildImage.config
  const history = more
    ? [...historyOfBase(buildImage), ...added.map(({ text }) => ({ created: CONSTANT_TIME, created_by: `cnb: ${text}` }))]
    : [...(base.history ?? []), ...added.map(() => ({}))]
  return {
    ...base,
    config: { ...base.config, WorkingDir: '/layers', Labels: { ...buildImage.labels, ...kpackLabels(recipe, modules, labels) } },
    rootfs: { type: 'layers', diff_ids: [...base.rootfs.diff_ids, ...added.map(({ diffId }) => diffId)] },
    history,
  }
}

/** Large layers first: registries and engines start with them. */
function bySize(modules: readonly StoredModule[]): StoredModule[] {
  return modules.toSorted((a, b) => b.layer.descriptor.size - a.layer.descriptor.size || compareBytes(formatEntry(b), formatEntry(a)))
}

async function compressed(layer: Layer, signal?: AbortSignal): Promise<StoredLayer> {
  const blob = bytesBlob({ mediaType: DOCKER_GZIP_LAYER, content: goGzip(await buffer(await layer.open(signal))) })
  return { diffId: layer.diffId, descriptor: blob.descriptor, blob }
}
