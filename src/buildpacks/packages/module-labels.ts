/** Encodes the descriptions of buildpacks in labels, byte for byte as pack: Go's field order. */

import type { Buildpack } from '../buildpack.ts'
import type { BuildpackInfo, BuildTarget } from '../buildpack-descriptor.ts'
import { compareBytes, encodeGoObject, encodeGoString } from '../../formats/go/json.ts'
import type { GroupEntry, Order } from '../order.ts'

type Json = string
type Member = readonly [string, Json | undefined]

/** Returns the members of pack's `ModuleInfo`. */
export function encodeModuleInfo(info: BuildpackInfo): Member[] {
  return [
    ['id', optional(info.id)],
    ['name', optional(info.name)],
    ['version', optional(info.version)],
    ['description', optional(info.description)],
    ['homepage', optional(info.homepage)],
    ['keywords', optionalStrings(info.keywords)],
    ['exec-env', optionalStrings(info.execEnv)],
    ['licenses', info.licenses?.length ? encodeList(info.licenses.map(license)) : undefined],
    ['clear-env', info.clearEnv ? 'true' : undefined],
  ]
}

/** pack's type has no JSON names for these fields, so the keys are capitalized. */
function license({ type = '', uri = '' }: { type?: string; uri?: string }): Json {
  return encodeGoObject([['Type', encodeGoString(type)], ['URI', encodeGoString(uri)]])
}

/** Encodes the label `io.buildpacks.buildpack.layers` or `io.buildpacks.extension.layers`. */
export function encodeLayers(modules: readonly Buildpack[]): Json {
  const versions = new Map<string, Map<string, Json>>()
  for (const module of modules) {
    const { id, version } = module.descriptor.info
    versions.set(id, (versions.get(id) ?? new Map<string, Json>()).set(version, layerInfo(module)))
  }
  return sorted([...versions].map(([id, infos]) => [id, sorted([...infos])]))
}

function layerInfo({ descriptor, layer }: Buildpack): Json {
  const { api, stacks, targets, info } = descriptor
  return encodeGoObject([
    ['api', encodeGoString(api)],
    ['stacks', stacks.length > 0 ? encodeStacks(stacks) : undefined],
    ['targets', targets.length > 0 ? encodeList(targets.map(target)) : undefined],
    ['order', descriptor.order.length > 0 ? encodeOrder(descriptor.order) : undefined],
    ['layerDiffID', encodeGoString(layer.diffId)],
    ['homepage', optional(info.homepage)],
    ['name', optional(info.name)],
  ])
}

/** Encodes a list of stacks. */
export function encodeStacks(stacks: readonly { readonly id: string; readonly mixins?: readonly string[] }[]): Json {
  return encodeList(stacks.map(({ id, mixins }) => encodeGoObject([['id', encodeGoString(id)], ['mixins', optionalStrings(mixins)]])))
}

function target({ os = '', arch = '', variant, distros = [] }: BuildTarget): Json {
  return encodeGoObject([
    ['os', encodeGoString(os)],
    ['arch', encodeGoString(arch)],
    ['variant', optional(variant)],
    ['distros', distros.length > 0 ? encodeList(distros.map(distro)) : undefined],
  ])
}

function distro({ name, version }: { name?: string; version?: string }): Json {
  return encodeGoObject([['name', optional(name)], ['version', optional(version)]])
}

/** Encodes an order. */
export function encodeOrder(groups: Order): Json {
  return encodeList(groups.map(({ group }) => encodeGoObject([['group', encodeGroup(group)]])))
}

/** Encodes the entries of a group. */
export function encodeGroup(group: readonly GroupEntry[]): Json {
  return encodeList(group.map(({ id, version, optional: isOptional }) =>
    encodeGoObject([['id', encodeGoString(id)], ['version', optional(version)], ['optional', isOptional ? 'true' : undefined]])))
}

/** Encodes an array as Go does: an empty one (a nil slice) as null. */
export function encodeList(items: readonly Json[]): Json {
  return items.length > 0 ? `[${items.join(',')}]` : 'null'
}

function sorted(members: (readonly [string, Json])[]): Json {
  return encodeGoObject(members.sort(([a], [b]) => compareBytes(a, b)))
}

function optionalStrings(items: readonly string[] | undefined): Json | undefined {
  return items?.length ? encodeList(items.map(encodeGoString)) : undefined
}

function optional(text: string | undefined): Json | undefined {
  return text ? encodeGoString(text) : undefined
}
