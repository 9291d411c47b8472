/** `--flatten` of `cnb builder create`: groups of modules that share one layer. */

import { CnbError } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import type { Buildpack } from '../buildpacks/buildpack.ts'
import { formatEntry } from '../buildpacks/order.ts'
import { flattenedLayer } from '../buildpacks/packages/flattened-layer.ts'
import type { Digest } from '../oci/digest.ts'

/** The names of modules, `id@version`. */
export type FlattenGroup = readonly string[]

/** Parses a value of `--flatten`: `id@version,id@version` (pack's pkg/buildpack/build_module_info.go). @throws CnbError CNB_USAGE */
export function parseFlatten(text: string): FlattenGroup {
  return text.split(',').map((name) => {
    const [id = '', version = '', ...more] = name.split('@').map((part) => part.trim())
    if (id !== '' && version !== '' && more.length === 0) return `${id}@${version}`
    throw new CnbError('CNB_USAGE', `invalid --flatten '${text}': '${name}' is not id@version`, { hint: 'Write --flatten ID@VERSION,ID@VERSION.' })
  })
}

/**
 * Returns the modules, in their order, with one layer for the members of each group. A module belongs to the first group that names it.
 * @returns the modules, and the layers with several of them
 */
export async function flattenModules(
  modules: readonly Buildpack[],
  groups: readonly FlattenGroup[],
  context: Context = {},
): Promise<{ modules: readonly Buildpack[]; flattened: ReadonlySet<Digest> }> {
  const groupOf = ({ descriptor }: Buildpack): number => groups.findIndex((group) => group.includes(formatEntry(descriptor.info)))
  const layers = await Promise.all(groups.map(async (_, at) => {
    const members = modules.filter((module) => groupOf(module) === at)
    return members.length > 0 ? flattenedLayer(members, context) : undefined
  }))
  return {
    modules: modules.map((module) => ({ ...module, layer: layers[groupOf(module)] ?? module.layer })),
    flattened: new Set(layers.flatMap((layer) => layer?.diffId ?? [])),
  }
}

/** Returns warnings about names that are not in the builder. */
export function warnOfUnknown(groups: readonly FlattenGroup[], modules: readonly Buildpack[]): string[] {
  const names = new Set(modules.map(({ descriptor }) => formatEntry(descriptor.info)))
  return groups.flat().filter((name) => !names.has(name)).map((name) => `--flatten names '${name}', which is not in the builder`)
}
