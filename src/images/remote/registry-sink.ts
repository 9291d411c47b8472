/** Saves images to registries; only content that they lack is sent. */

import type { Context } from '../../base/events.ts'
import { Limiter } from '../../base/limiter.ts'
import { encodeImageConfig } from '../../oci/config.ts'
import { digestOf } from '../../oci/digest.ts'
import { encodeManifest } from '../../oci/manifest.ts'
import { OCI_CONFIG, OCI_MANIFEST } from '../../oci/media-types.ts'
import { contextName, familiarName, type Reference } from '../../oci/reference.ts'
import type { NewManifest, Registries } from '../../registry/registry.ts'
import { bytesBlob } from '../layers/bytes-blob.ts'
import type { ImagePlan, Layer, LayerBlob, SavedImage } from '../image.ts'
import type { LayerBlobs } from '../layers/layer-blobs.ts'
import { publish, type Published } from './publish.ts'
import { repositoryName } from './registry-source.ts'
import { RepositoryBlobs } from './repository-blobs.ts'

/** Concurrent uploads of blobs; more are not faster. */
const AT_ONCE = 6
/**
 * Sends the planned image to the repositories of all its names, and sets the names as `publish` does. A part of an index gets no name.
 * @throws CnbError CNB_REGISTRY_*, and errors of the layers' streams
 */
export async function saveToRegistry(registries: Registries, plan: ImagePlan, blobs: LayerBlobs, context: Context = {}): Promise<SavedImage> {
  const sending = new Sending(registries, plan, blobs, context)
  const send = (trusting: boolean): Promise<NewManifest> => sending.send(trusting)
  const tags = plan.part ? repositoriesOf(plan.tags).map(({ reference }) => reference) : plan.tags
  const published = await publish(registries, { tags, byDigest: plan.part ?? false, send }, context)
  return publishedImage(plan.tags, plan.part ? { ...published, tags: [] } : published)
}

/** Describes a published image or index. @param names its names, or those of the index that it is a part of */
export function publishedImage(names: readonly Reference[], { document, tags }: Published): SavedImage {
  const digest = digestOf(document.content)
  return {
    id: `${contextName(names[0]!)}@${digest}`,
    repoDigests: repositoriesOf(names).map(({ reference: { registry, repository } }) => `${familiarName({ registry, repository })}@${digest}`),
    tags,
    manifest: { digest, size: document.content.length },
  }
}

/** Sends an image's blobs to the repositories of its names. */
class Sending {
  readonly #registries: Registries
  readonly #repositories: RepositoryBlobs
  readonly #plan: ImagePlan
  readonly #blobs: LayerBlobs
  readonly #context: Context
  readonly #targets: readonly PublishTarget[]
  readonly #limit = new Limiter(AT_ONCE)

  constructor(registries: Registries, plan: ImagePlan, blobs: LayerBlobs, context: Context) {
    this.#registries = registries
    this.#repositories = new RepositoryBlobs(registries)
    this.#plan = plan
    this.#blobs = blobs
    this.#context = context
    this.#targets = repositoriesOf(plan.tags)
  }

  /**
   * Sends missing blobs, and returns the image's manifest.
   * @param trusting whether to assume that a repository still has the blobs of its images
   */
  async send(trusting: boolean): Promise<NewManifest> {
    const config = bytesBlob({ mediaType: OCI_CONFIG, content: encodeImageConfig(this.#plan.config) })
    const layers = [...new Map(this.#plan.layers.map((layer) => [layer.diffId, layer])).values()]
    await Promise.all(this.#targets.flatMap((target) => {
      const repository = this.#registries.repository(target.reference, 'push')
      const bring = this.#plan.isFirst ? 'bringNew' : 'bring'
      const send = (blob: LayerBlob): Promise<void> => this.#limit.run(() => this.#repositories[bring](blob, target.reference, this.#context, trusting))
      const sendLayer = async (layer: Layer): Promise<void> => {
        let blob = await this.#blobs.of(layer, this.#context)
        if (blob.repository === target.name) {
          if (trusting || (await repository.hasBlob(blob.descriptor.digest, this.#context))) return
          this.#blobs.invalidate(layer)
          blob = await this.#blobs.of(layer, this.#context)
        }
        const isThere = trusting && (this.#isOfPrevious(layer, blob, target) || (await this.#blobs.wasSentTo(blob.descriptor.digest, target.name)))
        if (!isThere) await send(blob)
        this.#blobs.recordUpload(layer.diffId, blob, target.name)
      }
      return [send(config), ...layers.map(sendLayer)]
    }))
    const blobs = await Promise.all(this.#plan.layers.map((layer) => this.#blobs.of(layer, this.#context)))
    const content = encodeManifest({ config: config.descriptor, layers: blobs.map(({ descriptor }) => descriptor), annotations: this.#plan.annotations })
    return { mediaType: OCI_MANIFEST, content }
  }

  /** Whether the previous image has the blob in this repository, so a layer of the run image need not be mounted again. */
  #isOfPrevious({ diffId }: Layer, { descriptor }: LayerBlob, { name }: PublishTarget): boolean {
    const held = this.#plan.previous?.layers.find((layer) => layer.diffId === diffId)?.blob
    return held?.repository === name && held.descriptor.digest === descriptor.digest
  }
}

/** A repository to publish to, with one of the names in it. */
interface PublishTarget {
  readonly name: string
  readonly reference: Reference
}

/** Returns the repositories of the names, each once. */
export function repositoriesOf(tags: readonly Reference[]): PublishTarget[] {
  return [...new Map(tags.map((reference) => [repositoryName(reference), { name: repositoryName(reference), reference }])).values()]
}
