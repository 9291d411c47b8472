/** Plans the image of a package (buildpacks/spec distribution.md "Buildpackage"). */

import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { compareBytes, encodeGoObject } from '../../formats/go/json.ts'
import type { ImagePlan, Layer } from '../../images/image.ts'
import { BUILDPACK_LAYERS_LABEL, EXTENSION_LAYERS_LABEL, PACKAGE_METADATA_LABEL } from '../../images/labels/label-names.ts'
import { CONSTANT_TIME } from '../../oci/constant-time.ts'
import type { Digest } from '../../oci/digest.ts'
import type { Tag } from '../../oci/reference.ts'
import { uniqueModules, type Buildpack } from '../buildpack.ts'
import type { BuildTarget } from '../buildpack-descriptor.ts'
import { formatEntry } from '../order.ts'
import { checkPackage } from './check-package.ts'
import { flattenedLayer } from './flattened-layer.ts'
import { mergeStacks } from './merge-stacks.ts'
import { encodeLayers, encodeModuleInfo, encodeStacks } from './module-labels.ts'

export interface PackageRecipe {
  readonly main: Buildpack
  /** The buildpacks that the orders need. */
  readonly dependencies: readonly Buildpack[]
  /** The platform in the configuration, with one distribution or none. */
  readonly target: BuildTarget
  readonly labels: Readonly<Record<string, string>>
  /** The `id@version` of buildpacks that keep their layers; all others share one. Undefined: a layer for each buildpack. */
  readonly flattenExcept?: readonly string[] | undefined
  readonly tags: readonly Tag[]
}

/**
 * Plans a package. The same modules result in the same bytes: layers are sorted by id and version, while pack's order is random.
 * @returns the plan, and the modules that it contains
 * @throws CnbError CNB_BUILDPACK_INVALID, CNB_BUILDPACK_NOT_FOUND, CNB_USAGE
 */
export async function planPackage(recipe: PackageRecipe, context: Context = {}): Promise<{ plan: ImagePlan; modules: readonly Buildpack[] }> {
  const { main, dependencies, tags } = recipe
  const unique = uniqueModules([...dependencies, main])
  checkPackage(main, unique)
  const stacks = main.descriptor.kind === 'extension' ? [] : mergeStacks([main, ...dependencies].map(({ descriptor }) => descriptor))
  if (main.descriptor.kind === 'buildpack' && stacks.length === 0) {
    throw new CnbError('CNB_BUILDPACK_INVALID', `the buildpacks of '${formatEntry(main.descriptor.info)}' have no stack in common`, {
      hint: 'Use versions of them that support one stack, or targets instead of stacks.',
    })
  }
  const modules = recipe.flattenExcept ? await flatten(unique, recipe.flattenExcept, context) : unique
  const layers = sortedLayers(modules)
  const labels = {
    ...recipe.labels,
    [PACKAGE_METADATA_LABEL]: encodeGoObject([...encodeModuleInfo(main.descriptor.info), ['stacks', encodeStacks(stacks)]]),
    [main.descriptor.kind === 'extension' ? EXTENSION_LAYERS_LABEL : BUILDPACK_LAYERS_LABEL]: encodeLayers(modules),
  }
  return { plan: { config: packageConfig(recipe.target, labels, layers), layers: layers.map(({ layer }) => layer), tags }, modules }
}

/** Moves all modules to one layer, except for `except`. @throws CnbError CNB_USAGE */
async function flatten(modules: readonly Buildpack[], except: readonly string[], context: Context): Promise<readonly Buildpack[]> {
  const nameOf = ({ descriptor }: Buildpack): string => formatEntry(descriptor.info)
  const unknown = except.find((name) => !modules.some((module) => nameOf(module) === name))
  if (unknown !== undefined) {
    throw new CnbError('CNB_USAGE', `cannot exclude '${unknown}' from flattening: the package does not contain it`, {
      hint: `Use one of: ${modules.map(nameOf).join(', ')}.`,
    })
  }
  const merged = modules.filter((module) => !except.includes(nameOf(module)))
  if (merged.length < 2) return modules
  const layer = await flattenedLayer(merged, context)
  return modules.map((module) => (merged.includes(module) ? { ...module, layer } : module))
}

interface NamedLayer {
  readonly layer: Layer
  /** The layer's text in the image's history. */
  readonly text: string
}

/** Returns the layers sorted by the first of their modules, each once. */
function sortedLayers(modules: readonly Buildpack[]): NamedLayer[] {
  const named = modules.map(({ descriptor, layer }) => ({ layer, name: formatEntry(descriptor.info), kind: descriptor.kind }))
  const byLayer = new Map<Digest, { layer: Layer; kind: string; names: string[] }>()
  for (const { layer, name, kind } of named.sort((a, b) => compareBytes(a.name, b.name))) {
    byLayer.set(layer.diffId, { layer, kind, names: [...(byLayer.get(layer.diffId)?.names ?? []), name] })
  }
  return [...byLayer.values()].map(({ layer, kind, names }) => ({ layer, text: `cnb: ${kind} ${names.join(', ')}` }))
}

function packageConfig({ os = 'linux', arch = '', variant, distros = [] }: BuildTarget, labels: Record<string, string>, layers: readonly NamedLayer[]): ImagePlan['config'] {
  const version = distros[0]?.version
  return {
    // Without an architecture in the target, the package is for all of them, as in pack.
    architecture: arch,
    os,
    ...(variant ? { variant } : {}),
    // pack selects a package of an index by the distribution's version.
    ...(version ? { 'os.version': version } : {}),
    created: CONSTANT_TIME,
    config: { Labels: labels },
    rootfs: { type: 'layers', diff_ids: layers.map(({ layer }) => layer.diffId) },
    history: layers.map(({ text }) => ({ created: CONSTANT_TIME, created_by: text })),
  }
}
