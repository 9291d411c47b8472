/** The labels of kpack's builders, byte for byte as Go writes them (its pkg/cnb/buildpack_metadata.go). */

import type { GroupEntry, Order } from '../../buildpacks/order.ts'
import { encodeList, encodeOrder, encodeStacks } from '../../buildpacks/packages/module-labels.ts'
import { compareBytes, encodeGoObject, encodeGoString } from '../../formats/go/json.ts'
import { BUILDER_METADATA_LABEL, BUILDPACK_LAYERS_LABEL, EXTENSION_LAYERS_LABEL, LIFECYCLE_APIS_LABEL, LIFECYCLE_VERSION_LABEL, ORDER_EXTENSIONS_LABEL, ORDER_LABEL } from '../../images/labels/label-names.ts'
import type { ApiRange } from '../builder.ts'
import type { KpackBuilderRecipe, KpackLifecycle, StoredModule } from './kpack-recipe.ts'

type Json = string

/** Returns the builder's labels by name. @param labels those of the user */
export function kpackLabels(
  recipe: KpackBuilderRecipe,
  { buildpacks, extensions }: { buildpacks: readonly StoredModule[]; extensions: readonly StoredModule[] },
  labels: Readonly<Record<string, string>>,
): Record<string, string> {
  const { lifecycle, order, more } = recipe
  return {
    [LIFECYCLE_VERSION_LABEL]: lifecycle.version,
    ...labels,
    [ORDER_LABEL]: encodeGroups(order),
    [BUILDPACK_LAYERS_LABEL]: encodeModules(buildpacks),
    [LIFECYCLE_APIS_LABEL]: encodeApis(lifecycle),
    [BUILDER_METADATA_LABEL]: metadata(recipe, buildpacks, extensions),
    ...(more && extensions.length > 0
      ? { [EXTENSION_LAYERS_LABEL]: encodeModules(extensions), [ORDER_EXTENSIONS_LABEL]: encodeGroups(more.orderExtensions) }
      : {}),
  }
}

function metadata({ lifecycle, runImage, createdBy, more }: KpackBuilderRecipe, buildpacks: readonly StoredModule[], extensions: readonly StoredModule[]): Json {
  const description = more ? 'Builder of a kpack resource' : 'Custom Builder built with kpack'
  const image = encodeGoObject([['image', encodeGoString(runImage)], ['mirrors', 'null']])
  return encodeGoObject([
    ['description', encodeGoString(description)],
    ['stack', encodeGoObject([['runImage', image]])],
    ['lifecycle', encodeGoObject([
      ['version', encodeGoString(lifecycle.version)],
      ['api', encodeGoObject([['buildpack', optional(lifecycle.api.buildpack)], ['platform', optional(lifecycle.api.platform)]])],
      ['apis', encodeApis(lifecycle)],
    ])],
    ['createdBy', encodeGoObject([['name', encodeGoString(createdBy.name)], ['version', encodeGoString(createdBy.version)]])],
    ['buildpacks', `[${buildpacks.map(encodeInfo).join(',')}]`],
    ['extensions', extensions.length > 0 ? encodeList(extensions.map(encodeInfo)) : undefined],
    ['images', more ? `[${image}]` : undefined],
  ])
}

function encodeInfo({ id, version, homepage }: StoredModule): Json {
  return encodeGoObject([['id', encodeGoString(id)], ['version', optional(version)], ['homepage', optional(homepage)]])
}

function encodeApis({ apis }: KpackLifecycle): Json {
  const range = ({ deprecated, supported }: ApiRange): Json => encodeGoObject([['deprecated', strings(deprecated)], ['supported', strings(supported)]])
  return encodeGoObject([['buildpack', range(apis.buildpack)], ['platform', range(apis.platform)]])
}

function strings(items: readonly string[]): Json {
  return encodeList(items.map(encodeGoString))
}

function encodeModules(modules: readonly StoredModule[]): Json {
  const versions = new Map<string, Map<string, Json>>()
  for (const module of modules) versions.set(module.id, (versions.get(module.id) ?? new Map<string, Json>()).set(module.version, encodeModule(module)))
  return sorted([...versions].map(([id, each]) => [id, sorted([...each])]))
}

function encodeModule({ api, order, stacks, homepage, layer }: StoredModule): Json {
  return encodeGoObject([
    ['api', encodeGoString(api)],
    ['layerDiffID', encodeGoString(layer.diffId)],
    ['order', order.length > 0 ? encodeGroups(order) : undefined],
    ['stacks', stacks.length > 0 ? encodeStacks(stacks) : undefined],
    ['homepage', optional(homepage)],
  ])
}

/** An empty group is omitted, unlike in pack. */
function encodeGroups(order: Order): Json {
  const isEmpty = ({ group }: { group: readonly GroupEntry[] }): boolean => group.length === 0
  return order.some(isEmpty) ? encodeList(order.map((each) => (isEmpty(each) ? '{}' : encodeOrder([each]).slice(1, -1)))) : encodeOrder(order)
}

function sorted(members: (readonly [string, Json])[]): Json {
  return encodeGoObject(members.sort(([a], [b]) => compareBytes(a, b)))
}

function optional(text: string | undefined): Json | undefined {
  return text ? encodeGoString(text) : undefined
}
