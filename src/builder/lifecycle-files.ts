/**
 * The TOML files that tell a lifecycle what to try and what to build on (specification, platform.md: order.toml, system.toml,
 * run.toml, stack.toml). A builder brings them below `/cnb`; a build may put its own below `/layers`.
 */

import type { GroupEntry, Order } from '../buildpacks/order.ts'
import { stringifyToml } from '../formats/toml.ts'
import type { RunImageName } from './builder.ts'

/** order.toml; every entry has its version. */
export function orderToml(order: Order, orderExtensions: Order = []): string {
  return stringifyToml({
    ...(order.length > 0 ? { order: order.map(group) } : {}),
    ...(orderExtensions.length > 0 ? { 'order-extensions': orderExtensions.map(group) } : {}),
  })
}

function group({ group: entries }: Order[number]): object {
  return { group: entries.map(entry) }
}

function entry({ id, version, optional }: GroupEntry): object {
  return { id, version, ...(optional ? { optional } : {}) }
}

/** system.toml. */
export function systemToml({ pre, post }: { pre: readonly GroupEntry[]; post: readonly GroupEntry[] }): string {
  const part = (entries: readonly GroupEntry[]): object => (entries.length === 0 ? {} : { buildpacks: entries.map(entry) })
  return stringifyToml({ system: { pre: part(pre), post: part(post) } })
}

/** stack.toml, which Platform API 0.11 and older read. */
export function stackToml(defaultImage: RunImageName | undefined): string {
  return stringifyToml(defaultImage ? { 'run-image': runImage(defaultImage) } : {})
}

/** run.toml, which Platform API 0.12 and newer read. */
export function runToml(images: readonly RunImageName[]): string {
  return stringifyToml(images.length > 0 ? { images: images.map(runImage) } : {})
}

function runImage({ image, mirrors }: RunImageName): object {
  return { image, ...(mirrors.length > 0 ? { mirrors } : {}) }
}
