/** `cnb builder inspect`: what a builder brings. */

import { CnbError } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import type { ApiRange, Builder } from '../builder/builder.ts'
import { readBuilder } from '../builder/read-builder.ts'
import { isTrusted } from '../builder/trust.ts'
import { expandOrder, type OrderTree } from '../buildpacks/order-tree.ts'
import type { GroupEntry, Order } from '../buildpacks/order.ts'
import { describeEngineImages } from '../images/engine-source.ts'
import { readTarget } from '../images/labels.ts'
import { formatPlatform } from '../oci/platform.ts'
import { describeBuilderLayers } from './inspect-builder-layers.ts'
import type { Services } from './services.ts'

export type { OrderNode } from '../buildpacks/order-tree.ts'

/** What `cnb builder inspect --output json` prints; YAML and TOML have the same keys. */
export interface BuilderInspection {
  builder: string
  id: string
  platform: string
  size: number
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
  buildpacks: { id: string; version: string; name?: string; homepage?: string }[]
  order: OrderTree
  extensions: { id: string; version: string; name?: string; homepage?: string }[]
  orderExtensions: OrderTree
  layers: { diffId: string; size?: number; name: string }[]
}

export interface InspectBuilderOptions {
  builder: string
  /** How deep composite buildpacks are expanded; all the way when absent. */
  depth?: number
}

/**
 * What a builder on the engine says of itself.
 * @throws CnbError CNB_IMAGE_NOT_FOUND, CNB_BUILDER_INVALID, CNB_ENGINE_*
 */
export async function inspectBuilder(options: InspectBuilderOptions, { engine }: Services, context: Context): Promise<BuilderInspection> {
  const { builder: name, depth } = options
  const [found, image] = await Promise.all([engine.images.inspect(name, context), describeEngineImages(engine).find(name, context)])
  if (!found || !image) {
    throw new CnbError('CNB_IMAGE_NOT_FOUND', `the engine has no image '${name}'`, {
      hint: `Get it with 'docker pull ${name}', or make it with 'cnb builder create'.`,
    })
  }
  const builder = readBuilder(image)
  const { description, stack, lifecycle, runImages } = builder
  return {
    builder: name,
    id: image.id,
    platform: formatPlatform(image.platform),
    size: found.size,
    ...(description === '' ? {} : { description }),
    createdBy: { ...builder.createdBy },
    trusted: isTrusted(name),
    user: { uid: builder.uid, gid: builder.gid },
    ...(stack.id === '' ? {} : { stack: { id: stack.id, ...(stack.mixins.length > 0 ? { mixins: [...stack.mixins] } : {}) } }),
    target: readTarget(image),
    lifecycle: { version: lifecycle.version, buildpackApis: apis(lifecycle.buildpackApis), platformApis: apis(lifecycle.platformApis) },
    runImages: runImages.map((runImage) => ({ image: runImage.image, mirrors: [...runImage.mirrors] })),
    buildpacks: builder.buildpacks.map((buildpack) => ({ ...buildpack })),
    order: expandOrder(builder.order, (entry) => orderOf(builder, entry), depth),
    extensions: builder.extensions.map((extension) => ({ ...extension })),
    orderExtensions: expandOrder(builder.orderExtensions, () => undefined),
    layers: describeBuilderLayers(found, await engine.images.history(image.id, context), builder),
  }
}

function apis({ deprecated, supported }: ApiRange): { deprecated: string[]; supported: string[] } {
  return { deprecated: [...deprecated], supported: [...supported] }
}

/** A composite buildpack's own order; an entry without a version means the only one there is. */
function orderOf({ buildpackLayers }: Builder, { id, version }: GroupEntry): Order | undefined {
  const versions = buildpackLayers[id] ?? {}
  const names = Object.keys(versions)
  return versions[version ?? (names.length === 1 ? (names[0] ?? '') : '')]?.order
}
