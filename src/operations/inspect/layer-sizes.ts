/** `cnb inspect --layers`: the sizes of an image's layers, by what made them. */

import type { Context } from '../../base/events.ts'
import { readLifecycleMetadata } from '../../images/labels/lifecycle-metadata.ts'
import { readFacts, type ImagePlace } from './image-facts.ts'
import { nameLayers, type LayerMaker, type NamedLayer } from './layer-names.ts'
import { locateImage, type ImageServices } from './locate-image.ts'
import type { InspectOptions } from './inspect.ts'

/** Bytes, as in ImagePlace: `size` uncompressed, `compressedSize` as sent. Undefined if a layer's is unknown. */
interface Sizes {
  size?: number
  compressedSize?: number
}

interface SizedLayer extends Sizes {
  /** A buildpack's name of the layer, or the text of its history entry. */
  name: string
  diffId: string
  digest?: string
}

interface MakerSizes extends Sizes {
  kind: LayerMaker | 'extension'
  /** The run image, `id@version` of a buildpack, the extension, or the kind. */
  name: string
  /** The part of all layers' bytes, from 0 to 1; undefined if the size of any layer is unknown. */
  share?: number
  layers: SizedLayer[]
}

/** The JSON output of `cnb inspect --layers`; YAML and TOML have the same keys. */
export interface LayerSizes extends ImagePlace {
  /** Whether buildpacks built the image; otherwise each layer is a separate maker, named by the history. */
  builtByBuildpacks: boolean
  /** From the bottom up. */
  makers: MakerSizes[]
}

/** The lifecycle's text for a layer of an extension (lifecycle layers/factory.go). */
const EXTENSION_LAYER = /^Layer: '(.*)', Created by extension: (.+)$/s

/** Returns the sizes of any image, without reading a layer. @throws CnbError those of locateImage, CNB_IMAGE_INVALID */
export async function inspectLayers({ image: name, ...options }: InspectOptions, places: ImageServices, context: Context): Promise<LayerSizes> {
  const facts = await readFacts(await locateImage(name, options, places, context), context)
  const metadata = readLifecycleMetadata(facts)
  const layers = nameLayers(facts.layers, metadata)
  const runImage = metadata?.runImage?.image || metadata?.reference || 'run image'
  const makers = new Map<string, MakerSizes>()
  layers.forEach((layer, index) => {
    const { key = `${index}`, kind, name: maker, layer: its } = madeBy(layer, runImage)
    const known = makers.get(key) ?? { kind, name: maker, layers: [] }
    known.layers.push({ name: its, diffId: layer.diffId, size: layer.size, compressedSize: layer.compressedSize, digest: layer.digest })
    makers.set(key, known)
  })
  const total = bytesOf(sumOf(layers))
  return {
    ...facts.place,
    builtByBuildpacks: metadata !== undefined,
    makers: [...makers.values()].map(({ kind, name: maker, layers: its }) => {
      const sizes = sumOf(its)
      return { kind, name: maker, ...sizes, share: shareOf(bytesOf(sizes), total), layers: its }
    }),
  }
}

/** Returns a layer's maker, and the layer's name there. Layers without a `key` share their maker with no other layer. */
function madeBy({ maker, name, buildpack, createdBy }: NamedLayer, runImage: string): { key?: string; kind: MakerSizes['kind']; name: string; layer: string } {
  if (maker === 'buildpack') return { key: `buildpack ${buildpack}`, kind: maker, name: buildpack ?? '', layer: name }
  if (maker === 'step') return { kind: maker, name, layer: name }
  if (maker !== 'run image') return { key: maker, kind: maker, name: maker, layer: name }
  const [, layer, extension] = EXTENSION_LAYER.exec(createdBy ?? '') ?? []
  if (extension !== undefined) return { key: `extension ${extension}`, kind: 'extension', name: extension, layer: layer ?? '' }
  return { key: maker, kind: maker, name: runImage, layer: createdBy || 'unknown' }
}

function sumOf(layers: readonly Sizes[]): Sizes {
  return { size: total(layers.map(({ size }) => size)), compressedSize: total(layers.map(({ compressedSize }) => compressedSize)) }
}

function total(sizes: readonly (number | undefined)[]): number | undefined {
  return sizes.reduce<number | undefined>((sum, size) => (sum === undefined || size === undefined ? undefined : sum + size), 0)
}

function bytesOf({ size, compressedSize }: Sizes): number | undefined {
  return compressedSize ?? size
}

function shareOf(bytes: number | undefined, all: number | undefined): number | undefined {
  if (bytes === undefined || all === undefined) return undefined
  return all === 0 ? 0 : Math.round((bytes / all) * 10_000) / 10_000
}
