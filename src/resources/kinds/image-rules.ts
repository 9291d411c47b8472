/** Defaults and rules of Image: `pkg/apis/build/v1alpha2/image_validation.go` of kpack. */

import { invalid, missing, via, type FieldFault } from '../fields/field-fault.ts'
import { registryOfTag } from '../fields/image-name.ts'
import type { Request } from '../kind.ts'
import { parseQuantity } from '../fields/quantity.ts'
import type { Image, ImageBuild, ImageSpec } from './image.ts'
import {
  bindingsFaults, cosignFaults, envFaults, nodeSelectorFaults, notaryFaults, servicesFaults, sourceFaults, tagFaults, tagsFaults,
} from './part-rules.ts'
import type { ObjectReference } from './parts.ts'

/** Sets defaults as in a cluster that has a default StorageClass. */
export function setImageDefaults({ spec }: Image): void {
  spec.serviceAccountName ||= 'default'
  spec.imageTaggingStrategy ||= 'BuildNumber'
  spec.failedBuildHistoryLimit ??= 10
  spec.successBuildHistoryLimit ??= 10
  spec.cache ??= { volume: { size: '2G' } }
}

export function imageResourceFaults({ metadata, spec }: Image, { old, isConverted }: Request<Image>): FieldFault[] {
  const faults = [
    ...(old ? unchanged(old.spec.tag, spec.tag, 'tag') : tagFaults(spec.tag)),
    ...additionalTagsFaults(spec),
    ...via('builder', builderFaults(spec.builder)),
    ...via('source', sourceFaults(spec.source)),
    ...via('build', buildFaults(spec.build, isConverted)),
    ...cacheFaults(spec.cache, old?.spec.cache),
    ...via('notary', notaryFaults(spec.notary, isConverted)),
    ...via('cosign', cosignFaults(spec.cosign)),
    ...historyFaults(spec),
  ]
  return [...via('spec', faults), ...labelFaults(metadata.name)]
}

function unchanged(old: string | undefined, now: string | undefined, path: string): FieldFault[] {
  return (old ?? '') === (now ?? '') ? [] : [{ message: 'Immutable field changed', paths: [path], details: `got: ${now ?? ''}, want: ${old ?? ''}` }]
}

function additionalTagsFaults({ tag = '', additionalTags }: ImageSpec): FieldFault[] {
  const registry = registryOfTag(tag)
  const other = (additionalTags ?? []).map(registryOfTag).find((found) => found !== undefined && found !== registry)
  const mixed = registry !== undefined && other !== undefined
    ? [{ message: 'all additionalTags must have the same registry as tag', paths: ['additionalTags'], details: `expected registry: ${registry}, got: ${other}` }]
    : []
  return [...tagsFaults(additionalTags, 'additionalTags'), ...mixed]
}

function builderFaults({ name, kind = '' }: ObjectReference = {}): FieldFault[] {
  if (!name) return [missing('name')]
  return kind === 'Builder' || kind === 'ClusterBuilder' ? [] : [invalid(kind, 'kind')]
}

function buildFaults(build: ImageBuild | undefined, isConverted: boolean): FieldFault[] {
  if (!build) return []
  const selector = nodeSelectorFaults(build.nodeSelector)
  if (selector.length > 0) return selector
  const { creationTime = '' } = build
  if (!/^(?:|now|[-+]?[0-9]+)$/.test(creationTime) || !isInt64(creationTime)) return [invalid(creationTime, 'creationTime')]
  return [
    ...via('services', servicesFaults(build.services)),
    ...via('cnbBindings', bindingsFaults(build.cnbBindings, isConverted)),
    ...via('env', envFaults(build.env)),
  ]
}

function isInt64(text: string): boolean {
  return !/[0-9]/.test(text) || BigInt.asIntN(64, BigInt(text.replace('+', ''))) === BigInt(text.replace('+', ''))
}

function cacheFaults(cache: ImageSpec['cache'], old: ImageSpec['cache']): FieldFault[] {
  const both = cache?.volume && cache.registry ? [{ message: 'only one type of cache can be specified', paths: ['cache.registry', 'cache.volume'] }] : []
  const [before, after] = [old?.volume?.size, cache?.volume?.size]
  if (before === undefined || after === undefined) return both
  if (nano(after) < nano(before)) {
    return [...both, { message: 'Field cannot be decreased', paths: ['cache.volume.size'], details: `current: ${before}, requested: ${after}` }]
  }
  return [...both, ...unchanged(old?.volume?.storageClassName, cache?.volume?.storageClassName, 'cache.volume.storageClassName')]
}

function nano(text: string): bigint {
  const quantity = parseQuantity(text)
  return typeof quantity === 'string' ? 0n : quantity.nano
}

function historyFaults(spec: ImageSpec): FieldFault[] {
  const field = (['failedBuildHistoryLimit', 'successBuildHistoryLimit'] as const).find((limit) => (spec[limit] ?? 10) < 1)
  return field ? [{ message: 'build history limit must be greater than 0', paths: [field] }] : []
}

const LABEL = /^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/
const LABEL_RULE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric " +
  "character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"

/** The name of an Image becomes the value of a label of its Builds. */
function labelFaults(name: string): FieldFault[] {
  const rules = [...(name.length > 63 ? ['must be no more than 63 characters'] : []), ...(LABEL.test(name) ? [] : [LABEL_RULE])]
  return rules.length === 0 ? [] : [{ message: `invalid image name: ${name}, name must be a valid label`, paths: ['metadata.name'], details: rules.join(',') }]
}
