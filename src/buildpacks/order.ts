/** Detection orders (specification, platform.md "order.toml"). */

import { CnbError } from '../base/errors.ts'

export interface GroupEntry {
  readonly id: string
  readonly version?: string
  readonly optional?: boolean
}

/** Groups are tried in order; the first one that passes detection is used. */
export type Order = readonly { readonly group: readonly GroupEntry[] }[]

/** A buildpack of the builder. */
export interface AvailableBuildpack {
  readonly id: string
  readonly version: string
}

/** Formats `id@version`, or the id alone. */
export function formatEntry(entry: { readonly id: string; readonly version?: string }): string {
  return entry.version ? `${entry.id}@${entry.version}` : entry.id
}

/**
 * Resolves the version of each entry: order.toml requires one, but users may omit it if the builder has only one.
 * @param kind the kind of entry in messages
 * @throws CnbError CNB_BUILDPACK_NOT_FOUND
 */
export function resolveOrder(order: Order, available: readonly AvailableBuildpack[], kind = 'buildpack'): Order {
  const versions = new Map<string, Set<string>>()
  for (const { id, version } of available) versions.set(id, (versions.get(id) ?? new Set()).add(version))
  return order.map(({ group }) => ({ group: group.map((entry) => ({ ...entry, version: resolveVersion(entry, versions, kind) })) }))
}

function resolveVersion(entry: GroupEntry, versions: ReadonlyMap<string, ReadonlySet<string>>, kind: string): string {
  const known = [...(versions.get(entry.id) ?? [])]
  const fail = (message: string, hint: string): never => {
    throw new CnbError('CNB_BUILDPACK_NOT_FOUND', message, { hint })
  }
  if (known.length === 0) {
    return fail(`the builder has no ${kind} '${entry.id}'`, `Use one of: ${listOf([...versions.keys()])}.`)
  }
  if (entry.version) {
    if (known.includes(entry.version)) return entry.version
    return fail(`the builder has no version '${entry.version}' of ${kind} '${entry.id}'`, `Use one of: ${listOf(known)}.`)
  }
  const [only, ...others] = known
  if (only !== undefined && others.length === 0) return only
  const hint = `Use one of: ${listOf(known)}.`
  return fail(`the builder has several versions of ${kind} '${entry.id}', and none is specified`, hint)
}

function listOf(names: readonly string[]): string {
  return names.length === 0 ? 'none' : [...names].sort().join(', ')
}

/**
 * Adds buildpacks before and after those of every group (project.toml's `pre` and `post`, a builder's system buildpacks). A buildpack
 * that the group already has, in the same version or without a version on either side, is not added again.
 */
export function surroundOrder(order: Order, pre: readonly GroupEntry[], post: readonly GroupEntry[]): Order {
  return order.map(({ group }) => {
    const missing = (entry: GroupEntry): boolean => !group.some((other) => sameBuildpack(entry, other))
    return { group: [...pre.filter(missing), ...group, ...post.filter(missing)] }
  })
}

function sameBuildpack(a: GroupEntry, b: GroupEntry): boolean {
  return a.id === b.id && (!a.version || !b.version || a.version === b.version)
}

/** Where buildpacks are missing, for errors. */
interface Absence {
  /** `on the builder`. */
  readonly place: string
  readonly hint: string
}

const NOT_ON_BUILDER: Absence = { place: 'on the builder', hint: 'Add it under [[buildpacks]] of builder.toml, or with --buildpack.' }

/** A buildpack, and its order if it is composite. */
interface Composite {
  readonly info: AvailableBuildpack
  readonly order: Order
}

/**
 * Checks the orders of composite buildpacks. Their entries must have versions: the lifecycle does not resolve them
 * (buildpack.md "Order Resolution"). An order that contains itself would make the detector run without end.
 * @param available all buildpacks of the builder, or of the package
 * @throws CnbError CNB_BUILDPACK_INVALID, CNB_BUILDPACK_NOT_FOUND
 */
export function checkOrders(composites: readonly Composite[], available: readonly AvailableBuildpack[], absence = NOT_ON_BUILDER): void {
  const known = new Set(available.map(formatEntry))
  for (const composite of composites) checkOrder(composite, known, absence)
  const byName = new Map(composites.map((composite) => [formatEntry(composite.info), composite]))
  const checked = new Set<string>()
  const visit = (name: string, above: readonly string[]): void => {
    if (above.includes(name)) {
      throw new CnbError('CNB_BUILDPACK_INVALID', `buildpack '${name}' is in its own order: ${[...above, name].join(' → ')}`)
    }
    if (checked.has(name)) return
    for (const entry of entriesIn(byName.get(name)?.order ?? [])) visit(formatEntry(entry), [...above, name])
    checked.add(name)
  }
  for (const name of byName.keys()) visit(name, [])
}

function checkOrder({ info, order }: Composite, known: ReadonlySet<string>, { place, hint }: Absence): void {
  const self = `buildpack '${formatEntry(info)}'`
  for (const entry of entriesIn(order)) {
    if (!entry.version) throw new CnbError('CNB_BUILDPACK_INVALID', `${self} lists '${entry.id}' in its order without a version`)
    if (known.has(formatEntry(entry))) continue
    throw new CnbError('CNB_BUILDPACK_NOT_FOUND', `${self} needs '${formatEntry(entry)}', which is not ${place}`, { hint })
  }
}

function entriesIn(order: Order): GroupEntry[] {
  return order.flatMap(({ group }) => group)
}
