/** Loads images into an engine with the containerd store, as OCI archives without existing blobs. */

import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import type { Engine, EngineImage } from '../../docker/engine.ts'
import type { Descriptor } from '../../oci/descriptor.ts'
import { digestOf, type Digest } from '../../oci/digest.ts'
import { encodeManifest } from '../../oci/manifest.ts'
import { OCI_CONFIG, OCI_LAYER, OCI_MANIFEST } from '../../oci/media-types.ts'
import { findLayerBlob } from './engine-blobs.ts'
import { type EarlyLoad, loadArchive } from './early-load.ts'
import { layerBlobs, measureLayers, ociArchive, type ArchivedBlob } from './image-archive.ts'
import type { ImagePlan, Layer, LayerBlob } from '../image.ts'
import { fetchAhead } from '../layers/fetch-ahead.ts'
import { removeNameless, type WantedImage } from './image-names.ts'

/**
 * Loads the image with only the blobs that the engine lacks. If the engine collects blobs between the check and the load, rejects
 * an archive without them, or breaks off an early load, all blobs are sent: an image with a missing blob would run here, but could not be pulled after a push.
 * @returns the image's ID: the digest of its manifest
 */
export async function loadIntoContainerd(engine: Engine, plan: ImagePlan, wanted: WantedImage, context: Context): Promise<Digest> {
  const known = await knownBlobs(engine, plan, wanted, context)
  try {
    return await load(engine, plan, wanted, known, context)
  } catch (error) {
    if ((known.size === 0 && !wanted.early?.isUsed) || !(error instanceof CnbError) || error.code !== 'CNB_ENGINE_FAILED') throw error
    context.events?.({ type: 'debug', message: `sending all layers, because the engine failed to use its own: ${error.message}` })
    return load(engine, plan, { ...wanted, early: undefined }, new Map(), context)
  }
}

type BlobIndex = ReadonlyMap<Digest, Descriptor>

/** Returns the blobs of the plan's layers that the engine has. It prefers the blobs of the base, which a registry has already. */
async function knownBlobs({ content }: Engine, { base, previous, layers, blobs }: ImagePlan, { namedBlobs }: WantedImage, context: Context): Promise<BlobIndex> {
  const images = blobs ? [] : [base, previous].filter((image) => image !== undefined)
  const named = await Promise.all(images.map((image) => namedBlobs(image, context)))
  const find = async (diffId: Digest): Promise<[Digest, Descriptor][]> => {
    const wanted = blobs?.get(diffId)?.descriptor
    const found = wanted ? await presentBlob(content, wanted, context) : await findLayerBlob(content, diffId, named.map((each) => each?.get(diffId)), context)
    return found ? [[diffId, found]] : []
  }
  return new Map((await Promise.all([...new Set(layers.map(({ diffId }) => diffId))].map(find))).flat())
}

/** Returns the blob. Returns undefined if the engine does not have it with that size. */
async function presentBlob(content: Engine['content'], blob: Descriptor, context: Context): Promise<Descriptor | undefined> {
  return (await content.info(blob.digest, context))?.size === blob.size ? blob : undefined
}

async function load(engine: Engine, plan: ImagePlan, { config, find, early }: WantedImage, known: BlobIndex, context: Context): Promise<Digest> {
  const missing = plan.layers.filter(({ diffId }) => !known.has(diffId))
  await using _ahead = fetchAhead(plan.blobs ? [] : missing, context)
  const sent = plan.blobs ? missing.map(({ diffId }) => sentBlob(diffId, plan.blobs?.get(diffId), context)) : await plainBlobs(missing, early, context)
  const descriptors = new Map([...known, ...sent.map(({ diffId, descriptor }) => [diffId, descriptor] as const)])
  const configDescriptor = { mediaType: OCI_CONFIG, digest: digestOf(config), size: config.length }
  // All descriptors use OCI media types: the same layers result in the same manifest, and so in the same ID.
  const manifest = encodeManifest({ config: configDescriptor, layers: plan.layers.map(({ diffId }) => descriptors.get(diffId)!) })
  const id = digestOf(manifest)
  if (sent.length === 0 && isAsPlanned(await find(id), plan)) return id
  const rest = sent.flatMap(({ archived }) => archived ?? [])
  const blobs = [{ ...configDescriptor, content: config }, ...new Map(rest.map((archived) => [archived.digest, archived])).values()]
  try {
    await loadArchive(engine.images, ociArchive({ mediaType: OCI_MANIFEST, content: manifest }, blobs), early, context)
    await checkLoaded(engine, id, plan, known, context)
  } catch (error) {
    // The engine keeps an image that it failed to unpack, or that lacks a layer.
    await removeNameless(engine.images, id).catch(() => {})
    throw error
  }
  return id
}

interface SentBlob {
  readonly diffId: Digest
  readonly descriptor: Descriptor
  /** Undefined for a layer of the early load: engines find blobs by their content, not by the names of their files. */
  readonly archived?: ArchivedBlob
}

function sentBlob(diffId: Digest, blob: LayerBlob | undefined, { signal }: Context): SentBlob {
  if (!blob) throw new CnbError('CNB_INTERNAL', `the plan has blobs, but no blob of layer ${diffId}`)
  const { descriptor } = blob
  return { diffId, descriptor, archived: { digest: descriptor.digest, size: descriptor.size, content: () => blob.open(signal) } }
}

/** Returns uncompressed blobs of the layers: they stay on this machine, so compression would only take time. */
async function plainBlobs(layers: readonly Layer[], early: EarlyLoad | undefined, context: Context): Promise<SentBlob[]> {
  await measureLayers(layers)
  const files = early?.seal()
  return (await layerBlobs(layers, context)).map((archived) => {
    const { digest, size } = archived
    const sent = { diffId: digest, descriptor: { mediaType: OCI_LAYER, digest, size } }
    return files?.has(digest) ? sent : { ...sent, archived }
  })
}

async function checkLoaded(engine: Engine, id: Digest, plan: ImagePlan, known: BlobIndex, context: Context): Promise<void> {
  if (!isAsPlanned(await engine.images.inspect(id, context), plan)) {
    throw new CnbError('CNB_ENGINE_FAILED', `the engine loaded image ${id} with other layers than were sent`)
  }
  // The image now references the blobs: from here on the engine does not collect them.
  const infos = await Promise.all([...known.values()].map(({ digest }) => engine.content.info(digest, context)))
  if (infos.includes(undefined)) throw new CnbError('CNB_ENGINE_FAILED', 'the engine collected layers of an image while it loaded the image')
}

function isAsPlanned(image: EngineImage | undefined, { layers }: ImagePlan): boolean {
  return image !== undefined && image.diffIds.length === layers.length && image.diffIds.every((diffId, index) => diffId === layers[index]?.diffId)
}
