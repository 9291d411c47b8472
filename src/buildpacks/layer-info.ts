/** The entry of a module in the labels of builders and packages about layers (pack, pkg/dist/dist.go). */

import type { FieldReader } from '../formats/field-reader.ts'
import { isDigest, type Digest } from '../oci/digest.ts'
import { readOrder, readTarget, type BuildTarget } from './buildpack-descriptor.ts'
import type { Order } from './order.ts'

/** Empty fields are undefined. */
export interface LayerInfo {
  /** Empty if it is missing. */
  readonly api: string
  readonly layerDiffID: Digest
  readonly stacks?: readonly { readonly id: string; readonly mixins?: readonly string[] }[]
  readonly targets?: readonly BuildTarget[]
  readonly order?: Order
  readonly homepage?: string
  readonly name?: string
}

/** Reads an entry. @throws CnbError for a missing or invalid digest, and for wrong types */
export function readLayerInfo(layer: FieldReader): LayerInfo {
  const layerDiffID = layer.requiredString('layerDiffID')
  if (!isDigest(layerDiffID)) throw layer.error('layerDiffID', `'${layerDiffID}' is not a digest`)
  return {
    api: layer.string('api') ?? '',
    layerDiffID,
    stacks: someOf(layer.tables('stacks').map(readStack)),
    targets: someOf(layer.tables('targets').map(readTarget)),
    order: someOf(readOrder(layer, 'order')),
    homepage: layer.string('homepage') || undefined,
    name: layer.string('name') || undefined,
  }
}

/** Reads a stack in a label. */
export function readStack(stack: FieldReader): { readonly id: string; readonly mixins: readonly string[] } {
  return { id: stack.string('id') ?? '', mixins: stack.strings('mixins') }
}

function someOf<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length > 0 ? list : undefined
}
