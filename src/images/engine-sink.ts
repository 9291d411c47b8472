/** Saving an image to a container engine, by loading a docker-archive into it. */

import type { Readable } from 'node:stream'
import { packTar, type TarEntry } from '../archive/tar-writer.ts'
import { CnbError } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import type { Engine } from '../docker/engine.ts'
import { encodeImageConfig } from '../oci/config.ts'
import { digestOf, hexOf, isDigest, type Digest } from '../oci/digest.ts'
import { familiarName, formatReference } from '../oci/reference.ts'
import type { ImagePlan, Layer, SavedImage } from './image.ts'
import { nameImage } from './image-names.ts'
import { fetchLayers } from './layer-store.ts'

/**
 * Loads the planned image, and gives it its names when it is whole: all of them, or after a failure none.
 * @throws CnbError CNB_REFERENCE_INVALID for a name with a digest, CNB_ENGINE_*, and what the layers' streams fail with
 */
export async function saveToEngine(engine: Engine, plan: ImagePlan, context: Context = {}): Promise<SavedImage> {
  checkNames(plan)
  const config = encodeImageConfig(plan.config)
  const id = await loadImage(engine, plan, config, context)
  await nameImage(engine.images, id, plan.tags.map(formatReference), context)
  return { id, tags: plan.tags.map(familiarName) }
}

/** A digest is what an image has, not what it can be given. */
function checkNames({ tags }: ImagePlan): void {
  const bad = tags.find(({ digest }) => digest !== undefined)
  if (bad) throw new CnbError('CNB_REFERENCE_INVALID', `'${familiarName(bad)}' cannot be given to an image: it names a digest`)
}

async function loadImage(engine: Engine, plan: ImagePlan, config: Buffer, context: Context): Promise<string> {
  const load = async (omitted: number): Promise<string[]> => {
    const sent = plan.layers.slice(omitted)
    await fetchLayers(sent, context)
    return engine.images.load(await packImage(config, plan.layers, omitted, context), context)
  }
  const { imageStore } = await engine.info(context)
  if (imageStore === 'containerd') {
    // This store would keep empty files as the layers' content, and nobody could pull the image from where it is pushed to.
    const loaded = (await load(0)).find(isDigest)
    if (loaded) return loaded
    throw new CnbError('CNB_ENGINE_FAILED', "the engine loaded an image but did not tell the image's ID")
  }
  await loadWithout(knownLayers(plan), load, context)
  return digestOf(config)
}

/**
 * A graph-driver engine does not look at a layer's file when it has the chain of layers that ends there: empty ones will do.
 * When it has lost the chain meanwhile, it says so, and gets everything.
 */
async function loadWithout(known: number, load: (omitted: number) => Promise<unknown>, context: Context): Promise<void> {
  try {
    await load(known)
  } catch (error) {
    if (known === 0 || !(error instanceof CnbError) || error.code !== 'CNB_ENGINE_FAILED') throw error
    context.events?.({ type: 'debug', message: `sending all layers, because the engine refused without the base's: ${error.message}` })
    await load(0)
  }
}

/** How many layers the plan has in common with its base, which the engine has, from the bottom. */
function knownLayers({ base, layers }: ImagePlan): number {
  const differs = layers.findIndex(({ diffId }, index) => base.layers[index]?.diffId !== diffId)
  return differs < 0 ? layers.length : differs
}

const OMITTED = 'omitted.tar'

async function packImage(config: Buffer, layers: readonly Layer[], omitted: number, { signal }: Context): Promise<Readable> {
  const nameOf = ({ diffId }: Layer, index: number): string => (index < omitted ? OMITTED : `${hexOf(diffId)}.tar`)
  const configName = `${hexOf(digestOf(config))}.json`
  const manifest = JSON.stringify([{ Config: configName, RepoTags: null, Layers: layers.map(nameOf) }])
  // A layer that occurs twice is sent once.
  const sent = new Map<Digest, Layer>(layers.slice(omitted).map((layer) => [layer.diffId, layer]))
  const files: TarEntry[] = [file(configName, config.length, config)]
  if (omitted > 0) files.push(file(OMITTED, 0))
  for (const layer of sent.values()) {
    const size = layer.size ?? (await measure(layer, signal))
    files.push(file(`${hexOf(layer.diffId)}.tar`, size, () => layer.open(signal)))
  }
  files.push(file('manifest.json', Buffer.byteLength(manifest), Buffer.from(manifest)))
  return packTar(files, signal ? { signal } : {})
}

function file(name: string, size: number, content?: TarEntry['content']): TarEntry {
  return { type: 'file', name, mode: 0o644, uid: 0, gid: 0, mtime: 0, size, ...(content ? { content } : {}) }
}

/** A tar's header has the size before the content; a layer that does not know its own is read once more. */
async function measure(layer: Layer, signal: AbortSignal | undefined): Promise<number> {
  let size = 0
  for await (const chunk of await layer.open(signal)) size += (chunk as Buffer).length
  return size
}
