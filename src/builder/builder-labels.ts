/** A builder's labels, byte for byte as pack writes them: Go's field order, and null for a nil slice. */

import type { Buildpack } from '../buildpacks/buildpack.ts'
import type { BuildpackInfo, BuildTarget } from '../buildpacks/buildpack-descriptor.ts'
import { BUILDER_METADATA_LABEL, BUILDPACK_LAYERS_LABEL, EXTENSION_LAYERS_LABEL, ORDER_EXTENSIONS_LABEL, ORDER_LABEL, STACK_MIXINS_LABEL, SYSTEM_LABEL } from '../images/labels/label-names.ts'
import type { GroupEntry, Order } from '../buildpacks/order.ts'
import { compareBytes, encodeGoObject, encodeGoString } from '../formats/go/json.ts'
import type { RunImageName } from './builder.ts'
import type { LifecycleSource } from './lifecycle-source.ts'

/** A builder's contents, without its build image. */
export interface BuilderContents {
  readonly description: string
  readonly lifecycle: LifecycleSource
  readonly buildpacks: readonly Buildpack[]
  readonly extensions: readonly Buildpack[]
  /** As in builder.toml: versions may be missing. */
  readonly order: Order
  readonly orderExtensions: Order
  readonly system: { readonly pre: readonly GroupEntry[]; readonly post: readonly GroupEntry[] }
  readonly runImages: readonly RunImageName[]
  readonly stackId: string
  readonly createdBy: { readonly name: string; readonly version: string }
}

type Json = string

/**
 * Returns the builder's labels by name.
 * @param mixins the build image's label of the stack's mixins; empty if it has none
 */
export function builderLabels(contents: BuilderContents, mixins: string): Record<string, string> {
  const { pre, post } = contents.system
  return {
    [BUILDER_METADATA_LABEL]: metadata(contents),
    [BUILDPACK_LAYERS_LABEL]: layersLabel(contents.buildpacks),
    [EXTENSION_LAYERS_LABEL]: layersLabel(contents.extensions),
    [ORDER_LABEL]: order(contents.order),
    [ORDER_EXTENSIONS_LABEL]: order(contents.orderExtensions),
    ...(pre.length + post.length > 0 ? { [SYSTEM_LABEL]: object([['pre', systemPart(pre)], ['post', systemPart(post)]]) } : {}),
    [STACK_MIXINS_LABEL]: mixins || 'null',
  }
}

function metadata({ description, buildpacks, extensions, lifecycle, createdBy, runImages, stackId }: BuilderContents): Json {
  const [defaultImage] = runImages
  return object([
    ['description', encodeGoString(description)],
    ['buildpacks', list(buildpacks.map(({ descriptor }) => moduleInfo(descriptor.info)))],
    ['extensions', list(extensions.map(({ descriptor }) => moduleInfo(descriptor.info)))],
    ['stack', object([['runImage', runImage(stackId !== '' && defaultImage ? defaultImage : { image: '', mirrors: [] })]])],
    ['lifecycle', lifecycleInfo(lifecycle)],
    ['createdBy', object([['name', encodeGoString(createdBy.name)], ['version', encodeGoString(createdBy.version)]])],
    ['images', list(runImages.map(runImage))],
  ])
}

function lifecycleInfo({ version, apis, api }: LifecycleSource): Json {
  const range = (key: 'buildpack' | 'platform'): Json =>
    object([['deprecated', `[${strings(apis[key].deprecated)}]`], ['supported', `[${strings(apis[key].supported)}]`]])
  return object([
    ['version', encodeGoString(version)],
    ['api', object([['buildpack', encodeGoString(api.buildpack)], ['platform', encodeGoString(api.platform)]])],
    ['apis', object([['buildpack', range('buildpack')], ['platform', range('platform')]])],
  ])
}

function moduleInfo(info: BuildpackInfo): Json {
  return object([
    ['id', optional(info.id)],
    ['name', optional(info.name)],
    ['version', optional(info.version)],
    ['description', optional(info.description)],
    ['homepage', optional(info.homepage)],
    ['keywords', info.keywords?.length ? `[${strings(info.keywords)}]` : undefined],
    ['licenses', info.licenses?.length ? list(info.licenses.map(license)) : undefined],
    ['clear-env', info.clearEnv ? 'true' : undefined],
  ])
}

/** pack's type has no JSON names for these fields, so the keys are capitalized. */
function license({ type = '', uri = '' }: { type?: string; uri?: string }): Json {
  return object([['Type', encodeGoString(type)], ['URI', encodeGoString(uri)]])
}

function layersLabel(buildpacks: readonly Buildpack[]): Json {
  const versions = new Map<string, Map<string, Json>>()
  for (const buildpack of buildpacks) {
    const { id, version } = buildpack.descriptor.info
    versions.set(id, (versions.get(id) ?? new Map<string, Json>()).set(version, layerInfo(buildpack)))
  }
  return sorted([...versions].map(([id, infos]) => [id, sorted([...infos])]))
}

function layerInfo({ descriptor, layer }: Buildpack): Json {
  const { api, stacks, targets, info } = descriptor
  return object([
    ['api', encodeGoString(api)],
    ['stacks', stacks.length > 0 ? list(stacks.map(stack)) : undefined],
    ['targets', targets.length > 0 ? list(targets.map(target)) : undefined],
    ['order', descriptor.order.length > 0 ? order(descriptor.order) : undefined],
    ['layerDiffID', encodeGoString(layer.diffId)],
    ['homepage', optional(info.homepage)],
    ['name', optional(info.name)],
  ])
}

function stack({ id, mixins = [] }: { id: string; mixins?: readonly string[] }): Json {
  return object([['id', encodeGoString(id)], ['mixins', mixins.length > 0 ? `[${strings(mixins)}]` : undefined]])
}

function target({ os = '', arch = '', variant, distros = [] }: BuildTarget): Json {
  return object([
    ['os', encodeGoString(os)],
    ['arch', encodeGoString(arch)],
    ['variant', optional(variant)],
    ['distros', distros.length > 0 ? list(distros.map(distro)) : undefined],
  ])
}

function distro({ name, version }: { name?: string; version?: string }): Json {
  return object([['name', optional(name)], ['version', optional(version)]])
}

function order(groups: Order): Json {
  return list(groups.map(({ group }) => object([['group', list(group.map(entry))]])))
}

function entry({ id, version, optional: isOptional }: GroupEntry): Json {
  return object([['id', encodeGoString(id)], ['version', optional(version)], ['optional', isOptional ? 'true' : undefined]])
}

function systemPart(entries: readonly GroupEntry[]): Json {
  return object([['buildpacks', list(entries.map(entry))]])
}

function runImage({ image, mirrors }: RunImageName): Json {
  return object([['image', encodeGoString(image)], ['mirrors', mirrors.length > 0 ? `[${strings(mirrors)}]` : 'null']])
}

const object = encodeGoObject

function sorted(members: (readonly [string, Json])[]): Json {
  return object(members.sort(([a], [b]) => compareBytes(a, b)))
}

/** Encodes an array as Go does: an empty one (a nil slice) as null. */
function list(items: readonly Json[]): Json {
  return items.length > 0 ? `[${items.join(',')}]` : 'null'
}

function strings(items: readonly string[]): Json {
  return items.map(encodeGoString).join(',')
}

function optional(text: string | undefined): Json | undefined {
  return text ? encodeGoString(text) : undefined
}
