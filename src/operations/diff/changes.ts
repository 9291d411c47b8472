/** Compares named things of two images. */

/** What happened to one named thing. `from` is absent if it was added, `to` if it was removed. */
export interface Change<T> {
  name: string
  change: 'added' | 'removed' | 'changed'
  from?: T
  to?: T
}

/** Returns the differences of two maps: in the order of `from`, then the added things. */
export function compareMaps<T>(from: ReadonlyMap<string, T>, to: ReadonlyMap<string, T>, isEqual: (a: T, b: T) => boolean): Change<T>[] {
  const changes: Change<T>[] = []
  for (const [name, before] of from) {
    const after = to.get(name)
    if (after === undefined) changes.push({ name, change: 'removed', from: before })
    else if (!isEqual(before, after)) changes.push({ name, change: 'changed', from: before, to: after })
  }
  for (const [name, after] of to) if (!from.has(name)) changes.push({ name, change: 'added', to: after })
  return changes
}

/** The versions of things by name: an app may have several versions of one package. */
export type Versions = ReadonlyMap<string, ReadonlySet<string>>

/** Returns the differences of versions; one version in place of another is a change. */
export function compareVersions(from: Versions, to: Versions): Change<string>[] {
  return [...new Set([...from.keys(), ...to.keys()])].flatMap((name): Change<string>[] => {
    const [before, after] = [from.get(name) ?? new Set<string>(), to.get(name) ?? new Set<string>()]
    const removed = [...before].filter((version) => !after.has(version))
    const added = [...after].filter((version) => !before.has(version))
    if (removed.length === 1 && added.length === 1) return [{ name, change: 'changed', from: removed[0]!, to: added[0]! }]
    return [
      ...removed.map((version): Change<string> => ({ name, change: 'removed', from: version })),
      ...added.map((version): Change<string> => ({ name, change: 'added', to: version })),
    ]
  })
}

export function sameJson(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
