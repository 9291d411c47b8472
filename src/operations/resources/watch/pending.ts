/** What looks found: resources that the next turn brings up to date. */

import type { SourceResolver } from '../../../resources/kinds/source-resolver.ts'
import { Bell } from './bell.ts'

export class Pending {
  /** The resolved sources of Images by id; undefined: the stored one counts. */
  readonly images = new Map<string, SourceResolver | undefined>()
  /** Ids of stacks, stores, lifecycles, buildpacks and builders. */
  readonly bases = new Set<string>()
  readonly bell = new Bell()

  addImage(id: string, resolver: SourceResolver | undefined): void {
    this.images.set(id, resolver ?? this.images.get(id))
    this.bell.ring()
  }

  addBases(ids: Iterable<string>): void {
    for (const id of ids) this.bases.add(id)
    this.bell.ring()
  }

  get isEmpty(): boolean {
    return this.images.size === 0 && this.bases.size === 0
  }
}
