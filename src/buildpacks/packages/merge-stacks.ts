/** The stacks of a package: those that all its buildpacks support (pack's internal/stack/merge.go). */

import type { BuildpackDescriptor } from '../buildpack-descriptor.ts'

type Stacks = BuildpackDescriptor['stacks']

const ANY: Stacks = [{ id: '*' }]

/**
 * Returns the stacks that support all buildpacks, with the mixins of all. A buildpack with targets instead of stacks supports any stack,
 * and a composite buildpack counts only by the buildpacks of its order. Returns an empty list if the buildpacks have no stack in common.
 * @param buildpacks the main buildpack first
 */
export function mergeStacks(buildpacks: readonly BuildpackDescriptor[]): Stacks {
  return buildpacks.filter(({ order, stacks }) => stacks.length > 0 || order.length === 0)
    .map(({ stacks }) => (stacks.length > 0 ? stacks : ANY))
    .reduce<Stacks | undefined>((merged, stacks) => (merged ? merge(merged, stacks) : stacks), undefined) ?? []
}

function merge(a: Stacks, b: Stacks): Stacks {
  const [anyA, anyB] = [a, b].map((stacks) => stacks.some(({ id }) => id === '*'))
  if (anyA && anyB) return ANY
  if (anyA) return b
  if (anyB) return a
  return b.flatMap(({ id, mixins = [] }) => {
    const other = a.find((stack) => stack.id === id)
    return other ? [{ id, mixins: [...new Set([...(other.mixins ?? []), ...mixins])].sort() }] : []
  })
}
