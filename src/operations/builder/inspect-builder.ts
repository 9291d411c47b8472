/** `cnb builder inspect`: describes a builder. */

import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import type { ApiRange, Builder, ModuleInfo } from '../../builder/builder.ts'
import { readBuilder } from '../../builder/read-builder.ts'
import { isTrusted } from '../../builder/trust.ts'
import { expandOrder, type OrderTree } from '../../buildpacks/order-tree.ts'
import type { GroupEntry, Order } from '../../buildpacks/order.ts'
import { describeEngineImages } from '../../images/engine/engine-source.ts'
import type { Image } from '../../images/image.ts'
import { readImageTarget } from '../../images/labels/label-names.ts'
import { readConfig } from '../config/config-file.ts'
import { NO_BUILDER } from './no-builder.ts'
import { readFacts, type ImagePlace } from '../inspect/image-facts.ts'
import { describeBuilderLayers, type DescribedLayer } from './inspect-builder-layers.ts'
import { locateImage, type LocatedImage, type LocateOptions, type ImageServices } from '../inspect/locate-image.ts'

export type { OrderNode } from '../../buildpacks/order-tree.ts'

/** The JSON output of `cnb builder inspect`; YAML and TOML have the same keys. */
export interface BuilderInspection extends Omit<ImagePlace, 'image'> {
  builder: string
  description?: string
  createdBy: { name: string; version: string }
  trusted: boolean
  user: { uid: number; gid: number }
  stack?: { id: string; mixins?: string[] }
  target?: { os: string; arch: string; variant?: string; distroName?: string; distroVersion?: string }
  lifecycle: {
    version: string
    buildpackApis: { deprecated: string[]; supported: string[] }
    platformApis: { deprecated: string[]; supported: string[] }
  }
  runImages: { image: string; mirrors: string[] }[]
  buildpacks: ModuleInfo[]
  order: OrderTree
  extensions: ModuleInfo[]
  orderExtensions: OrderTree
  layers: DescribedLayer[]
}

export interface InspectBuilderOptions extends LocateOptions {
  /** The builder's name; if empty, the configured default builder. */
  builder: string
  /** The nesting depth shown for composite buildpacks; default: unlimited. */
  depth?: number
}

/**
 * Returns the description of a builder on the engine, in its registry or in an OCI layout.
 * @throws CnbError CNB_BUILDER_INVALID, and those of locateImage
 */
export async function inspectBuilder(
  { builder: given, depth, ...options }: InspectBuilderOptions,
  places: ImageServices,
  context: Context,
): Promise<BuilderInspection> {
  const config = await readConfig(places.remote.host, context)
  const name = given || config.defaultBuilder
  if (name === undefined) throw new CnbError('CNB_USAGE', NO_BUILDER, { hint: "Specify a builder. 'cnb builder suggest' lists public ones." })
  const found = await locateImage(name, { ...options, kind: 'builder' }, places, context)
  const facts = await readFacts(found, context)
  const builder = readBuilder(await builderImage(found, context))
  const { description, stack, lifecycle, runImages } = builder
  const { image: _, ...place } = facts.place
  return {
    builder: name,
    ...place,
    ...(description === '' ? {} : { description }),
    createdBy: { ...builder.createdBy },
    trusted: found.place !== 'layout' && isTrusted(name, config.trustedBuilders),
    user: { uid: builder.uid, gid: builder.gid },
    ...(stack.id === '' ? {} : { stack: { id: stack.id, ...(stack.mixins.length > 0 ? { mixins: [...stack.mixins] } : {}) } }),
    target: readImageTarget(facts),
    lifecycle: { version: lifecycle.version, buildpackApis: apis(lifecycle.buildpackApis), platformApis: apis(lifecycle.platformApis) },
    runImages: runImages.map((runImage) => ({ image: runImage.image, mirrors: [...runImage.mirrors] })),
    buildpacks: builder.buildpacks.map((buildpack) => ({ ...buildpack })),
    order: expandOrder(builder.order, (entry) => orderOf(builder, entry), depth),
    extensions: builder.extensions.map((extension) => ({ ...extension })),
    orderExtensions: expandOrder(builder.orderExtensions, () => undefined),
    layers: describeBuilderLayers(facts.layers, builder),
  }
}

async function builderImage(found: LocatedImage, context: Context): Promise<Image> {
  if (found.place !== 'engine') return found.image
  const image = await describeEngineImages(found.services.engine).find(found.name, context)
  if (image) return image
  throw new CnbError('CNB_IMAGE_NOT_FOUND', `the engine no longer has image '${found.name}'`)
}

function apis({ deprecated, supported }: ApiRange): { deprecated: string[]; supported: string[] } {
  return { deprecated: [...deprecated], supported: [...supported] }
}

/** Returns the order of a composite buildpack. An entry without a version matches only if the builder has a single version. */
function orderOf({ buildpackLayers }: Builder, { id, version }: GroupEntry): Order | undefined {
  const versions = buildpackLayers[id] ?? {}
  const names = Object.keys(versions)
  return versions[version ?? (names.length === 1 ? (names[0] ?? '') : '')]?.order
}
