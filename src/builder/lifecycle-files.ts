/**
 * The lifecycle's input files order.toml, system.toml, run.toml and stack.toml (platform.md).
 * A builder contains them in `/cnb`; a build can have replacements in `/layers`.
 */

import type { GroupEntry, Order } from '../buildpacks/order.ts'
import { stringifyToml } from '../formats/toml.ts'
import type { RunImageName } from './builder.ts'

/** Returns order.toml; every entry has a version. */
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

/** Returns system.toml. */
export function systemToml({ pre, post }: { pre: readonly GroupEntry[]; post: readonly GroupEntry[] }): string {
  const part = (entries: readonly GroupEntry[]): object => (entries.length === 0 ? {} : { buildpacks: entries.map(entry) })
  return stringifyToml({ system: { pre: part(pre), post: part(post) } })
}

/** Returns stack.toml, for Platform API 0.11 and older. */
export function stackToml(defaultImage: RunImageName | undefined): string {
  return stringifyToml(defaultImage ? { 'run-image': runImage(defaultImage) } : {})
}

/** Returns run.toml, for Platform API 0.12 and newer. */
export function runToml(images: readonly RunImageName[]): string {
  return stringifyToml(images.length > 0 ? { images: images.map(runImage) } : {})
}

function runImage({ image, mirrors }: RunImageName): object {
  return { image, ...(mirrors.length > 0 ? { mirrors } : {}) }
}
