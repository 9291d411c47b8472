/** The resources of a state in memory. Every change is stored first. */

import { isDeepStrictEqual } from 'node:util'
import type { Context } from '../../base/events.ts'
import type { KindName, ResourceTypes } from '../../resources/kind-list.ts'
import type { AnyResource } from '../../resources/kind.ts'
import { withDefaults } from '../../resources/read-resource.ts'
import type { Status } from '../../resources/resource.ts'
import { keyOf } from '../../state/resource-key.ts'
import { revised, withStatus } from '../../state/revision.ts'
import type { Store, Stored } from '../../state/store.ts'

/** The name of a resource; cluster resources have no namespace. */
export interface ResourceName {
  readonly name: string
  readonly namespace?: string | undefined
}

/** Resources as their kinds' defaults complete them; the store has them as the user wrote them. */
export class Resources {
  /** Absent for a plan, which changes only this memory. */
  readonly #store: Store | undefined
  readonly #stored = new Map<string, Stored<AnyResource>>()

  private constructor(store: Store | undefined) {
    this.#store = store
  }

  /** Reads all resources. @param options.isPlan changes nothing in the store. @throws CnbError CNB_STATE_INVALID */
  static async read(store: Store, context: Context, { isPlan = false } = {}): Promise<Resources> {
    const resources = new Resources(isPlan ? undefined : store)
    for (const stored of await store.list({}, context)) resources.#stored.set(idOf(stored.resource), stored)
    return resources
  }

  /** Returns the resources of a kind by namespace and name. */
  list<Name extends KindName>(kind: Name): ResourceTypes[Name][] {
    return [...this.#stored.values()].flatMap(({ resource }) => (resource.kind === kind ? [withDefaults(resource) as ResourceTypes[Name]] : []))
  }

  find<Name extends KindName>(kind: Name, { name, namespace }: ResourceName): ResourceTypes[Name] | undefined {
    const found = this.#stored.get(idOf({ kind, metadata: { name, ...(namespace === undefined ? {} : { namespace }) } }))
    return found && (withDefaults(found.resource) as ResourceTypes[Name])
  }

  /** Returns the stored resource of this kind and name. */
  get<R extends AnyResource>(resource: R): R | undefined {
    const found = this.#stored.get(idOf(resource))
    return found && (withDefaults(found.resource) as R)
  }

  /** Creates or changes a resource, except for its status. Returns the resource as it is now. @throws CnbError CNB_STATE_CHANGED, CNB_OUTPUT */
  async write<R extends AnyResource>(resource: R, context: Context): Promise<R> {
    const before = this.#stored.get(idOf(resource))
    if (!this.#store) return this.#keep({ resource: revised(before?.resource as R | undefined, resource, Date.now()), version: 'v0' })
    return this.#keep(await this.#store.write(resource, before?.version ?? 'none', context))
  }

  /** Changes the status, unless it has this value. Returns the resource as it is now. @throws CnbError as write */
  async writeStatus<R extends AnyResource & { status?: Status }>(resource: R, status: NonNullable<R['status']>, context: Context): Promise<R> {
    const before = this.#stored.get(idOf(resource))
    if (!before || isDeepStrictEqual((before.resource as R).status, plain(status))) return resource
    if (!this.#store) return this.#keep({ resource: withStatus(before, status), version: 'v0' }) as R
    return this.#keep(await this.#store.writeStatus<AnyResource>(keyOf(before.resource), status, before.version, context)) as R
  }

  /** Removes a resource. @returns whether it was there */
  async remove(resource: AnyResource, context: Context): Promise<boolean> {
    const isThere = this.#stored.delete(idOf(resource))
    return this.#store ? this.#store.remove(keyOf(resource), context) : isThere
  }

  #keep<R extends AnyResource>(stored: Stored<R>): R {
    this.#stored.set(idOf(stored.resource), stored)
    return withDefaults(stored.resource)
  }
}

function idOf({ kind, metadata: { namespace = '', name } }: Pick<AnyResource, 'kind' | 'metadata'>): string {
  return `${kind}/${namespace}/${name}`
}

/** Undefined members are not stored, so they do not count. */
function plain<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T
}
