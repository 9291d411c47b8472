/** A builder's labels, byte for byte as pack writes them: Go's field order, and null for a nil slice. */

import type { Buildpack } from '../buildpacks/buildpack.ts'
import { encodeGroup, encodeLayers, encodeList, encodeModuleInfo, encodeOrder } from '../buildpacks/packages/module-labels.ts'
import { BUILDER_METADATA_LABEL, BUILDPACK_LAYERS_LABEL, EXTENSION_LAYERS_LABEL, ORDER_EXTENSIONS_LABEL, ORDER_LABEL, STACK_MIXINS_LABEL, SYSTEM_LABEL } from '../images/labels/label-names.ts'
import type { GroupEntry, Order } from '../buildpacks/order.ts'
import { encodeGoObject, encodeGoString } from '../formats/go/json.ts'
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
    [BUILDPACK_LAYERS_LABEL]: encodeLayers(contents.buildpacks),
    [EXTENSION_LAYERS_LABEL]: encodeLayers(contents.extensions),
    [ORDER_LABEL]: encodeOrder(contents.order),
    [ORDER_EXTENSIONS_LABEL]: encodeOrder(contents.orderExtensions),
    ...(pre.length + post.length > 0 ? { [SYSTEM_LABEL]: encodeGoObject([['pre', systemPart(pre)], ['post', systemPart(post)]]) } : {}),
    [STACK_MIXINS_LABEL]: mixins || 'null',
  }
}

function metadata({ description, buildpacks, extensions, lifecycle, createdBy, runImages, stackId }: BuilderContents): Json {
  const [defaultImage] = runImages
  return encodeGoObject([
    ['description', encodeGoString(description)],
    ['buildpacks', encodeList(buildpacks.map(({ descriptor }) => encodeGoObject(encodeModuleInfo(descriptor.info))))],
    ['extensions', encodeList(extensions.map(({ descriptor }) => encodeGoObject(encodeModuleInfo(descriptor.info))))],
    ['stack', encodeGoObject([['runImage', runImage(stackId !== '' && defaultImage ? defaultImage : { image: '', mirrors: [] })]])],
    ['lifecycle', lifecycleInfo(lifecycle)],
    ['createdBy', encodeGoObject([['name', encodeGoString(createdBy.name)], ['version', encodeGoString(createdBy.version)]])],
    ['images', encodeList(runImages.map(runImage))],
  ])
}

function lifecycleInfo({ version, apis, api }: LifecycleSource): Json {
  const range = (key: 'buildpack' | 'platform'): Json =>
    encodeGoObject([['deprecated', `[${strings(apis[key].deprecated)}]`], ['supported', `[${strings(apis[key].supported)}]`]])
  return encodeGoObject([
    ['version', encodeGoString(version)],
    ['api', encodeGoObject([['buildpack', encodeGoString(api.buildpack)], ['platform', encodeGoString(api.platform)]])],
    ['apis', encodeGoObject([['buildpack', range('buildpack')], ['platform', range('platform')]])],
  ])
}

function systemPart(entries: readonly GroupEntry[]): Json {
  return encodeGoObject([['buildpacks', encodeGroup(entries)]])
}

function runImage({ image, mirrors }: RunImageName): Json {
  return encodeGoObject([['image', encodeGoString(image)], ['mirrors', mirrors.length > 0 ? `[${strings(mirrors)}]` : 'null']])
}

function strings(items: readonly string[]): Json {
  return items.map(encodeGoString).join(',')
}
