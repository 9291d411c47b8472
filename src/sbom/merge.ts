/** Merges bills of materials. */

import { keyOf, type Sbom, type SbomDocument, type SbomPackage, type SbomPlace } from './package.ts'

/** Collects documents; equal packages become one with the licences, hashes and places of all. */
export class SbomMerge {
  readonly #packages = new Map<string, SbomPackage>()
  readonly #needs = new Map<string, Set<string>>()
  #created = -Infinity

  /** @param place of the document's packages that state none */
  add({ packages, needs, created }: SbomDocument, place?: SbomPlace): void {
    /** The first of two packages with one reference counts. */
    const keys = new Map<string, string>()
    for (const { ref, package: found } of packages) {
      const key = keyOf(found)
      const placed = found.places.length === 0 && place ? { ...found, places: [place] } : found
      const before = this.#packages.get(key)
      this.#packages.set(key, before ? combine(before, placed) : placed)
      if (ref !== undefined && !keys.has(ref)) keys.set(ref, key)
    }
    for (const { from, to } of needs) {
      const [needing, needed] = [keys.get(from), keys.get(to)]
      if (needing === undefined || needed === undefined || needing === needed) continue
      this.#needs.set(needing, (this.#needs.get(needing) ?? new Set()).add(needed))
    }
    const time = Date.parse(created ?? '')
    if (time > this.#created) this.#created = time
  }

  get size(): number {
    return this.#packages.size
  }

  /** Returns the packages in the order of their keys, which does not depend on the order of the documents. */
  result(): Sbom {
    const sorted = <T>(entries: Iterable<[string, T]>): [string, T][] => [...entries].sort(([a], [b]) => (a < b ? -1 : 1))
    return {
      packages: new Map(sorted(this.#packages)),
      needs: new Map(sorted(this.#needs).map(([key, needed]) => [key, new Set([...needed].sort())])),
      created: this.#created === -Infinity ? undefined : new Date(this.#created).toISOString().replace(/\.\d+Z$/, 'Z'),
    }
  }
}

function combine(a: SbomPackage, b: SbomPackage): SbomPackage {
  const defined = Object.fromEntries(Object.entries(a).filter(([, value]) => value !== undefined))
  return {
    ...b,
    ...defined,
    cpes: [...new Set([...a.cpes, ...b.cpes])],
    licenses: distinct([...a.licenses, ...b.licenses], ({ text, stage }) => `${stage} ${text}`),
    hashes: distinct([...a.hashes, ...b.hashes], ({ algorithm, value }) => `${algorithm} ${value}`),
    places: distinct([...a.places, ...b.places], (place) => JSON.stringify(place)),
  }
}

function distinct<T>(items: readonly T[], keyOfItem: (item: T) => string): T[] {
  return [...new Map(items.map((item) => [keyOfItem(item), item])).values()]
}
