/** Which buildpacks are tried together (specification, platform.md "order.toml"). */

import { CnbError } from '../base/errors.ts'

export interface GroupEntry {
  readonly id: string
  readonly version?: string
  readonly optional?: boolean
}

/** Groups are tried one after the other; the first that detects wins. */
export type Order = readonly { readonly group: readonly GroupEntry[] }[]

/** A buildpack that there is. */
export interface AvailableBuildpack {
  readonly id: string
  readonly version: string
}

/** `id@version`, or the id alone. */
export function formatEntry(entry: { readonly id: string; readonly version?: string }): string {
  return entry.version ? `${entry.id}@${entry.version}` : entry.id
}

/**
 * Gives every entry its version: order.toml must name one, people need not where there is only one.
 * @param kind what messages call an entry
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
    return fail(`no versions of ${kind} '${entry.id}' are on the builder`, `There are: ${listOf([...versions.keys()])}.`)
  }
  if (entry.version) {
    if (known.includes(entry.version)) return entry.version
    return fail(`${kind} '${entry.id}' is not on the builder in version '${entry.version}'`, `There are: ${listOf(known)}.`)
  }
  const [only, ...others] = known
  if (only !== undefined && others.length === 0) return only
  const hint = `There are: ${listOf(known)}.`
  return fail(`multiple versions of ${kind} '${entry.id}' are on the builder: name one`, hint)
}

function listOf(names: readonly string[]): string {
  return names.length === 0 ? 'none' : [...names].sort().join(', ')
}

/**
 * Puts buildpacks before and after those of every group (project.toml's `pre` and `post`, a builder's system buildpacks).
 * One that a group has already, in the same version or where either side names none, is not put in twice.
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
