/** Saving an image to registries, which are sent only what they lack (OCI distribution-spec 1.1, "Pushing manifests"). */

import { CnbError, toCnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { Limiter } from '../../base/limiter.ts'
import { encodeImageConfig } from '../../oci/config.ts'
import type { Descriptor } from '../../oci/descriptor.ts'
import { digestOf } from '../../oci/digest.ts'
import { encodeManifest } from '../../oci/manifest.ts'
import { OCI_CONFIG, OCI_MANIFEST } from '../../oci/media-types.ts'
import { contextName, familiarName, type Reference, type Tag } from '../../oci/reference.ts'
import type { NewManifest, Registries } from '../../registry/registry.ts'
import { bytesBlob } from '../layers/bytes-blob.ts'
import type { ImagePlan, Layer, LayerBlob, SavedImage } from '../image.ts'
import type { LayerBlobs } from '../layers/layer-blobs.ts'
import { repositoryName } from './registry-source.ts'
import { RepositoryBlobs } from './repository-blobs.ts'

/** Blobs that travel at once to one repository; more make no upload faster. */
const AT_ONCE = 6

/**
 * Sends the planned image to the repositories of all its names. The names are given last, one after the other, when every
 * repository has all of it: a failure before that leaves every name where it was, one in between says which were given.
 * @throws CnbError CNB_REGISTRY_*, and what the layers' streams fail with
 */
export async function saveToRegistry(registries: Registries, plan: ImagePlan, blobs: LayerBlobs, context: Context = {}): Promise<SavedImage> {
  const sending = new Sending(registries, plan, blobs, context)
  const [first, ...others] = plan.tags
  if (!first) throw new CnbError('CNB_INTERNAL', 'an image without a name cannot be published')
  let manifest = await sending.send(true)
  const put = (tag: Tag): Promise<Descriptor> => registries.repository(tag, 'push').putManifest(tag.tag, manifest, context)
  await put(first).catch(async (error: unknown) => {
    // A registry may have lost what an image of it still names: then all is looked for.
    if (!(error instanceof CnbError) || error.code !== 'CNB_REGISTRY_FAILED') throw error
    context.events?.({ type: 'debug', message: `looking for all blobs, because the registry refused the manifest: ${error.message}` })
    manifest = await sending.send(false)
    await put(first)
  })
  const given = [familiarName(first)]
  for (const tag of others) {
    await put(tag).catch((error: unknown) => {
      throw partialTagError(error, tag, given)
    })
    given.push(familiarName(tag))
  }
  const digest = digestOf(manifest.content)
  return {
    id: `${contextName(first)}@${digest}`,
    repoDigests: repositoriesOf(plan.tags).map(({ reference: { registry, repository } }) => `${familiarName({ registry, repository })}@${digest}`),
    tags: given,
    manifest: { digest, size: manifest.content.length },
  }
}

/** Brings an image's blobs to the repositories of its names. */
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
   * Gives the image's manifest, all of whose blobs are there.
   * @param trusting whether a repository is believed to have what an image in it names
   */
  async send(trusting: boolean): Promise<NewManifest> {
    const config = bytesBlob({ mediaType: OCI_CONFIG, content: encodeImageConfig(this.#plan.config) })
    const layers = [...new Map(this.#plan.layers.map((layer) => [layer.diffId, layer])).values()]
    await Promise.all(this.#targets.flatMap((target) => {
      const repository = this.#registries.repository(target.reference, 'push')
      const send = (blob: LayerBlob): Promise<void> => this.#limit.run(() => this.#repositories.bring(blob, target.reference, this.#context, trusting))
      const sendLayer = async (layer: Layer): Promise<void> => {
        let blob = await this.#blobs.of(layer, this.#context)
        if (blob.repository === target.name) {
          if (trusting || (await repository.hasBlob(blob.descriptor.digest, this.#context))) return
          this.#blobs.invalidate(layer)
          blob = await this.#blobs.of(layer, this.#context)
        }
        await send(blob)
        this.#blobs.recordUpload(layer.diffId, blob, target.name)
      }
      return [send(config), ...layers.map(sendLayer)]
    }))
    const blobs = await Promise.all(this.#plan.layers.map((layer) => this.#blobs.of(layer, this.#context)))
    const content = encodeManifest({ config: config.descriptor, layers: blobs.map(({ descriptor }) => descriptor) })
    return { mediaType: OCI_MANIFEST, content }
  }
}

interface PublishTarget {
  readonly name: string
  readonly reference: Reference
}

function repositoriesOf(tags: readonly Tag[]): PublishTarget[] {
  return [...new Map(tags.map((reference) => [repositoryName(reference), { name: repositoryName(reference), reference }])).values()]
}

function partialTagError(error: unknown, tag: Reference, given: readonly string[]): CnbError {
  const failure = toCnbError(error)
  return failure.withMessage(`the image is published as ${given.join(', ')}, but not as ${familiarName(tag)}: ${failure.message}`)
}
