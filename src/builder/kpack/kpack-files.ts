/** The lifecycle's input files in kpack's builders, byte for byte (BurntSushi/toml). */

import type { GroupEntry, Order } from '../../buildpacks/order.ts'
import { encodeGoToml } from '../../formats/go/toml.ts'
import { runToml } from '../lifecycle-files.ts'
import type { KpackBuilderRecipe } from './kpack-recipe.ts'

/** Returns stack.toml and order.toml, and run.toml unless the image must be exactly kpack's. */
export function kpackFiles({ runImage, order, more }: Pick<KpackBuilderRecipe, 'runImage' | 'order' | 'more'>): { name: string; content: string }[] {
  const extensions = more?.orderExtensions ?? []
  return [
    { name: 'stack.toml', content: encodeGoToml({ 'run-image': { image: runImage } }, true) },
    { name: 'order.toml', content: encodeGoToml({ order: groups(order), ...(extensions.length > 0 ? { 'order-extensions': groups(extensions) } : {}) }, true) },
    ...(more ? [{ name: 'run.toml', content: runToml([{ image: runImage, mirrors: [] }]) }] : []),
  ]
}

function groups(order: Order): object[] {
  return order.map(({ group }) => ({ group: group.map(entry) }))
}

function entry({ id, version = '', optional }: GroupEntry): object {
  return { id, version, ...(optional ? { optional } : {}) }
}
