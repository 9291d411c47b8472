/** Reads a builder image's labels and environment. */

import { parseApiVersion } from '../formats/versions.ts'
import { readGroupEntries, readOrder } from '../buildpacks/buildpack-descriptor.ts'
import { readLayerInfo } from '../buildpacks/layer-info.ts'
import type { FieldReader } from '../formats/field-reader.ts'
import { recordsOf, stringOf, stringsOf } from '../formats/lenient-values.ts'
import type { Image } from '../images/image.ts'
import { BUILDER_METADATA_LABEL, BUILDPACK_LAYERS_LABEL, EXTENSION_LAYERS_LABEL, ORDER_EXTENSIONS_LABEL, ORDER_LABEL, readStackId, STACK_MIXINS_LABEL, SYSTEM_LABEL } from '../images/labels/label-names.ts'
import { readLabels } from '../images/labels/read-labels.ts'
import type { ApiRange, Builder, LifecycleInfo, RunImageName } from './builder.ts'
import { readBuildUser } from './build-user.ts'
import { builderError } from './builder-error.ts'

const JSON_LABELS = [
  BUILDER_METADATA_LABEL, STACK_MIXINS_LABEL, BUILDPACK_LAYERS_LABEL, EXTENSION_LAYERS_LABEL, ORDER_LABEL, ORDER_EXTENSIONS_LABEL, SYSTEM_LABEL,
]

/**
 * Reads a builder's labels and environment (pack's internal/builder/metadata.go). Missing lists are empty; a wrong type is an error.
 * @throws CnbError CNB_BUILDER_INVALID
 */
export function readBuilder(image: Image): Builder {
  const labels = readLabels(image, JSON_LABELS, 'CNB_BUILDER_INVALID')
  const metadata = labels.table(BUILDER_METADATA_LABEL)
  if (metadata === undefined) {
    const hint = "Use a builder image, or create one with 'cnb builder create'."
    throw builderError(image, `it is not a builder: it has no label ${BUILDER_METADATA_LABEL}`, hint)
  }
  const createdBy = metadata.table('createdBy')
  const system = labels.table(SYSTEM_LABEL)
  return {
    image,
    ...readBuildUser(image),
    description: metadata.string('description') ?? '',
    createdBy: { name: createdBy?.string('name') ?? '', version: createdBy?.string('version') ?? '' },
    stack: { id: readStackId(image), mixins: labels.strings(STACK_MIXINS_LABEL) },
    lifecycle: readLifecycle(metadata),
    runImages: readRunImages(metadata),
    buildpacks: metadata.tables('buildpacks').map(readInfo),
    extensions: metadata.tables('extensions').map(readInfo),
    buildpackLayers: readLayers(labels.table(BUILDPACK_LAYERS_LABEL)),
    extensionLayers: readLayers(labels.table(EXTENSION_LAYERS_LABEL)),
    order: readOrder(labels, ORDER_LABEL),
    orderExtensions: readOrder(labels, ORDER_EXTENSIONS_LABEL),
    system: { pre: readSystem(system, 'pre'), post: readSystem(system, 'post') },
  }
}

function readLifecycle(metadata: FieldReader): LifecycleInfo {
  const lifecycle = metadata.table('lifecycle')
  if (lifecycle === undefined) throw metadata.error('lifecycle', 'the lifecycle is missing')
  const ranges = lifecycle.table('apis')
  // Older builders have one version of each API instead of ranges.
  const single = lifecycle.table('api')
  return {
    version: lifecycle.string('version') ?? '',
    buildpackApis: readApis(lifecycle, ranges?.table('buildpack'), single, 'buildpack'),
    platformApis: readApis(lifecycle, ranges?.table('platform'), single, 'platform'),
  }
}

function readApis(lifecycle: FieldReader, range: FieldReader | undefined, single: FieldReader | undefined, key: string): ApiRange {
  const version = single?.string(key)
  const apis = range
    ? { deprecated: range.strings('deprecated'), supported: range.strings('supported') }
    : { deprecated: [], supported: version === undefined ? [] : [version] }
  const wrong = [...apis.deprecated, ...apis.supported].find((api) => parseApiVersion(api) === undefined)
  if (wrong !== undefined) throw lifecycle.error(undefined, `'${wrong}' is not a ${key} API version`)
  return apis
}

function readRunImages(metadata: FieldReader): RunImageName[] {
  const stack = metadata.table('stack')?.table('runImage')
  const images = metadata.tables('images')
  return (images.length > 0 ? images : stack ? [stack] : [])
    .map((entry) => ({ image: entry.string('image') ?? '', mirrors: entry.strings('mirrors') }))
    .filter(({ image }) => image !== '')
}

function readInfo(entry: FieldReader): Builder['buildpacks'][number] {
  const name = entry.string('name')
  const homepage = entry.string('homepage')
  const version = entry.string('version') ?? ''
  const keywords = stringsOf(entry.value('keywords'))
  // pack writes the keys of licenses with capitals.
  const licenses = recordsOf(entry.value('licenses')).map((license) => ({ type: stringOf(license['Type'] ?? license['type']), uri: stringOf(license['URI'] ?? license['uri']) }))
  return {
    id: entry.requiredString('id'),
    version,
    name: name || undefined,
    description: stringOf(entry.value('description')),
    homepage: homepage || undefined,
    keywords: keywords.length > 0 ? keywords : undefined,
    licenses: licenses.length > 0 ? licenses : undefined,
  }
}

function readLayers(ids: FieldReader | undefined): Builder['buildpackLayers'] {
  return byKey(ids, (versions) => byKey(versions, readLayerInfo))
}

/** Returns an object without a prototype: a key such as `__proto__` is an ordinary key. */
function byKey<T>(fields: FieldReader | undefined, read: (value: FieldReader) => T): Record<string, T> {
  const result = Object.create(null) as Record<string, T>
  for (const key of fields?.keys() ?? []) {
    const value = fields?.table(key)
    if (value) result[key] = read(value)
  }
  return result
}

function readSystem(system: FieldReader | undefined, key: string): Builder['system']['pre'] {
  const table = system?.table(key)
  return table ? readGroupEntries(table, 'buildpacks') : []
}
