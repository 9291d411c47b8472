/** Saving an image to registries, which are sent only what they lack (OCI distribution-spec 1.1, "Pushing manifests"). */

import { CnbError } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import { Limiter } from '../base/limiter.ts'
import { encodeImageConfig } from '../oci/config.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import { digestOf } from '../oci/digest.ts'
import { encodeManifest } from '../oci/manifest.ts'
import { OCI_CONFIG, OCI_MANIFEST } from '../oci/media-types.ts'
import { contextName, familiarName, parseReference, type Reference } from '../oci/reference.ts'
import type { Registries, Repository } from '../registry/registry.ts'
import { bytesBlob } from './bytes-blob.ts'
import type { ImagePlan, LayerBlob, SavedImage } from './image.ts'
import type { LayerBlobs } from './layer-blobs.ts'
import { repositoryName } from './registry-source.ts'

/** Blobs that travel at once to one repository; more make no upload faster. */
const AT_ONCE = 6

/**
 * Sends the planned image to the repositories of all its names. The names are given last, one after the other, when every
 * repository has all of it: a failure before that leaves every name where it was, one in between says which were given.
 * @throws CnbError CNB_REFERENCE_INVALID for a name with a digest, CNB_REGISTRY_*, and what the layers' streams fail with
 */
export async function saveToRegistry(registries: Registries, plan: ImagePlan, blobs: LayerBlobs, context: Context = {}): Promise<SavedImage> {
  const config = encodeImageConfig(plan.config)
  const configBlob = bytesBlob({ mediaType: OCI_CONFIG, content: config })
  const targets = repositoriesOf(plan.tags)
  const limit = new Limiter(AT_ONCE)
  const layers = new Map(plan.layers.map((layer) => [layer.diffId, layer]))
  const sendTo = async ({ reference, name }: Target, trusting: boolean): Promise<void> => {
    const repository = registries.repository(reference, 'push')
    const send = async (blob: LayerBlob): Promise<void> => {
      if (trusting && blob.repository === name) return
      await limit.run(() => sendBlob(repository, name, blob, context))
    }
    await Promise.all([send(configBlob), ...[...layers.values()].map(async (layer) => send(await blobs.of(layer, context)))])
  }
  await Promise.all(targets.map((target) => sendTo(target, true)))
  const sent = await Promise.all(plan.layers.map((layer) => blobs.of(layer, context)))
  const layerDescriptors = sent.map(({ descriptor }) => descriptor)
  const manifest = { mediaType: OCI_MANIFEST, content: encodeManifest({ config: configBlob.descriptor, layers: layerDescriptors }) }
  const digest = digestOf(manifest.content)
  const given: string[] = []
  for (const tag of plan.tags) {
    const put = (): Promise<Descriptor> => registries.repository(tag, 'push').putManifest(tag.tag ?? digest, manifest, context)
    try {
      await put().catch(async (error: unknown) => {
        // A registry may have lost what an image of it still names: then all is looked for.
        if (!(error instanceof CnbError) || error.code !== 'CNB_REGISTRY_FAILED') throw error
        context.events?.({ type: 'debug', message: `looking for all blobs, because the registry refused the manifest: ${error.message}` })
        await Promise.all(targets.map((target) => sendTo(target, false)))
        await put()
      })
      given.push(familiarName(tag))
    } catch (error) {
      throw given.length === 0 ? error : halfNamed(error, tag, given)
    }
  }
  const [first] = plan.tags
  return {
    id: first ? `${contextName(first)}@${digest}` : digest,
    repoDigests: targets.map(({ reference: { registry, repository } }) => `${familiarName({ registry, repository })}@${digest}`),
    tags: plan.tags.map(familiarName),
    manifestSize: manifest.content.length,
  }
}

interface Target {
  readonly name: string
  readonly reference: Reference
}

function repositoriesOf(tags: readonly Reference[]): Target[] {
  for (const tag of tags) {
    if (tag.digest !== undefined) {
      throw new CnbError('CNB_REFERENCE_INVALID', `'${familiarName(tag)}' cannot be given to an image: it names a digest`)
    }
  }
  return [...new Map(tags.map((reference) => [repositoryName(reference), { name: repositoryName(reference), reference }])).values()]
}

/** Sees that the repository has the blob: as it is, from another repository of the registry, or from here. */
async function sendBlob(repository: Repository, name: string, blob: LayerBlob, context: Context): Promise<void> {
  const { descriptor, repository: home } = blob
  if (home !== undefined && home !== name) {
    const { registry, repository: path } = parseReference(home)
    if (registry === parseReference(name).registry && (await repository.mountBlob(descriptor.digest, path, context))) return
  }
  if (await repository.hasBlob(descriptor.digest, context)) return
  await repository.uploadBlob({ descriptor, open: (signal) => blob.open(signal) }, context)
}

function halfNamed(error: unknown, tag: Reference, given: readonly string[]): CnbError {
  const message = `the image is published as ${given.join(', ')}, but not as ${familiarName(tag)}: ${(error as Error).message}`
  return new CnbError(error instanceof CnbError ? error.code : 'CNB_REGISTRY_FAILED', message, { cause: error })
}
