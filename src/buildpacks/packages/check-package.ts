/** Checks that a package has all buildpacks of its orders, and only these (as pack's builder.go). */

import { CnbError } from '../../base/errors.ts'
import { checkDirectories, type Buildpack } from '../buildpack.ts'
import { checkOrder, formatEntry } from '../order.ts'

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
  for (const { descriptor } of modules) checkOrder(descriptor, infos, ABSENT)
  const byName = new Map(modules.map((module) => [nameOf(module), module]))
  const needed = new Set<string>()
  const visit = (module: Buildpack, above: readonly string[]): void => {
    const name = nameOf(module)
    if (above.includes(name)) {
      throw new CnbError('CNB_BUILDPACK_INVALID', `buildpack '${name}' is in its own order: ${[...above, name].join(' → ')}`)
    }
    if (needed.has(name)) return
    needed.add(name)
    for (const entry of module.descriptor.order.flatMap(({ group }) => group)) visit(byName.get(formatEntry(entry))!, [...above, name])
  }
  visit(main, [])
  const unused = modules.find((module) => !needed.has(nameOf(module)))
  if (!unused) return
  throw new CnbError('CNB_BUILDPACK_INVALID', `buildpack '${nameOf(unused)}' of ${unused.origin} is not used by buildpack '${nameOf(main)}'`, {
    hint: `Add it to an [[order]] of '${nameOf(main)}', or remove the dependency from package.toml.`,
  })
}

function nameOf({ descriptor }: Buildpack): string {
  return formatEntry(descriptor.info)
}
