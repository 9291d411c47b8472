/** Checks that a package has all buildpacks of its orders, and only these (as pack's builder.go). */

import { CnbError } from '../../base/errors.ts'
import { checkDirectories, type Buildpack } from '../buildpack.ts'
import { checkOrders, formatEntry } from '../order.ts'

const ABSENT = { place: 'in the package', hint: 'Add it as [[dependencies]] uri = "…" to package.toml.' }

/**
 * Checks the orders of all composite buildpacks.
 * @param main the main buildpack
 * @param modules all buildpacks of the package, each once
 * @throws CnbError CNB_BUILDPACK_NOT_FOUND for an entry that is not in the package; CNB_BUILDPACK_INVALID for an entry without a version,
 * an order that contains its own buildpack, and a buildpack that no order needs
 */
export function checkPackage(main: Buildpack, modules: readonly Buildpack[]): void {
  const infos = modules.map(({ descriptor }) => descriptor.info)
  checkDirectories(infos)
  checkOrders(modules.map(({ descriptor }) => descriptor), infos, ABSENT)
  const byName = new Map(modules.map((module) => [nameOf(module), module]))
  const needed = new Set<string>([nameOf(main)])
  // A set also iterates over the names that are added meanwhile.
  for (const name of needed) for (const { group } of byName.get(name)?.descriptor.order ?? []) for (const entry of group) needed.add(formatEntry(entry))
  const unused = modules.find((module) => !needed.has(nameOf(module)))
  if (!unused) return
  throw new CnbError('CNB_BUILDPACK_INVALID', `buildpack '${nameOf(unused)}' of ${unused.origin} is not used by buildpack '${nameOf(main)}'`, {
    hint: `Add it to an [[order]] of '${nameOf(main)}', or remove the dependency from package.toml.`,
  })
}

function nameOf({ descriptor }: Buildpack): string {
  return formatEntry(descriptor.info)
}
