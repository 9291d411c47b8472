/** The resources of a state in memory. Every change is stored first. */

import { isDeepStrictEqual } from 'node:util'
import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { resourceId } from '../../reconcile/state.ts'
import type { KindName, ResourceTypes } from '../../resources/kind-list.ts'
import type { AnyResource } from '../../resources/kind.ts'
import { withDefaults } from '../../resources/read-resource.ts'
import type { Status } from '../../resources/resource.ts'
import { keyOf, shownKey } from '../../state/resource-key.ts'
import { revised, withStatus } from '../../state/revision.ts'
import type { Store, Stored } from '../../state/store.ts'

/** The name of a resource; cluster resources have no namespace. */
export interface ResourceName {
  readonly name: string
  readonly namespace?: string | undefined
}

/** A resource as its user wrote it, and with its defaults: completing it at each use takes seconds for a thousand builds. */
interface Entry {
  readonly stored: Stored<AnyResource>
  readonly complete: AnyResource
}

/** Resources as their kinds' defaults complete them; the store has them as the user wrote them. */
export class Resources {
  /** Absent for a plan, which changes only this memory. */
  readonly #store: Store | undefined
  #entries = new Map<string, Entry>()
  /** By kind, until a change. */
  readonly #lists = new Map<string, AnyResource[]>()

  private constructor(store: Store | undefined) {
    this.#store = store
  }

  /** Reads all resources. @param options.isPlan changes nothing in the store. @throws CnbError CNB_STATE_INVALID */
  static async read(store: Store, context: Context, { isPlan = false } = {}): Promise<Resources> {
    const resources = new Resources(isPlan ? undefined : store)
    await resources.refresh(store, context)
    return resources
  }

  /** Reads again what other processes changed. Returns the resources that are new, changed or removed. @throws CnbError CNB_STATE_INVALID */
  async refresh(store: Store, context: Context): Promise<AnyResource[]> {
    const before = this.#entries
    const found = await store.list<AnyResource>({}, context)
    const entries = found.map((stored): [string, Entry] => {
      const id = resourceId(stored.resource)
      const known = before.get(id)
      return [id, known?.stored.version === stored.version ? known : entryOf(stored)]
    })
    this.#entries = new Map(entries)
    this.#lists.clear()
    const removed = [...before].flatMap(([id, { complete }]) => (this.#entries.has(id) ? [] : [complete]))
    return [...removed, ...entries.flatMap(([id, entry]) => (before.get(id) === entry ? [] : [entry.complete]))]
  }

  /** Returns a copy that changes only memory, as for a plan. */
  fork(): Resources {
    const copy = new Resources(undefined)
    copy.#entries = new Map(this.#entries)
    return copy
  }

  /** Returns the resources of a kind by namespace and name. */
  list<Name extends KindName>(kind: Name): ResourceTypes[Name][] {
    const known = this.#lists.get(kind) ?? [...this.#entries.values()].flatMap(({ complete }) => (complete.kind === kind ? [complete] : []))
    this.#lists.set(kind, known)
    return [...known] as ResourceTypes[Name][]
  }

  find<Name extends KindName>(kind: Name, name: ResourceName): ResourceTypes[Name] | undefined {
    return this.#entry(kind, name)?.complete as ResourceTypes[Name] | undefined
  }

  /** Returns a resource as its user wrote it, with the store's own fields. */
  written<Name extends KindName>(kind: Name, name: ResourceName): ResourceTypes[Name] | undefined {
    return structuredClone(this.#entry(kind, name)?.stored.resource as ResourceTypes[Name] | undefined)
  }

  /** Returns the stored resource of this kind and name. */
  get<R extends AnyResource>(resource: R): R | undefined {
    return this.#entries.get(resourceId(resource))?.complete as R | undefined
  }

  /** Creates or changes a resource, except for its status. Returns the resource as it is now. @throws CnbError CNB_STATE_CHANGED, CNB_OUTPUT */
  async write<R extends AnyResource>(resource: R, context: Context): Promise<R> {
    const before = this.#entries.get(resourceId(resource))?.stored
    const next = revised(before?.resource as R | undefined, resource, Date.now())
    // Most resources that are written have no change, which needs no look at the disk.
    if (before && next === before.resource) return this.get(resource)!
    if (!this.#store) return this.#keep({ resource: next, version: 'v0' })
    return this.#keep(await this.#store.write(resource, before?.version ?? 'none', context))
  }

  /** Changes the status, unless it has this value. Returns the resource as it is now. @throws CnbError as write */
  async writeStatus<R extends AnyResource & { status?: Status }>(resource: R, status: NonNullable<R['status']>, context: Context): Promise<R> {
    const before = this.#entries.get(resourceId(resource))?.stored
    if (!before || isDeepStrictEqual((before.resource as R).status, plain(status))) return resource
    if (!this.#store) return this.#keep({ resource: withStatus(before, status), version: 'v0' }) as R
    return this.#keep(await this.#store.writeStatus<AnyResource>(keyOf(before.resource), status, before.version, context)) as R
  }

  /** Removes a resource. @returns whether it was there */
  async remove(resource: AnyResource, context: Context): Promise<boolean> {
    this.#lists.delete(resource.kind)
    const isThere = this.#entries.delete(resourceId(resource))
    return this.#store ? this.#store.remove(keyOf(resource), context) : isThere
  }

  #entry(kind: KindName, { name, namespace }: ResourceName): Entry | undefined {
    return this.#entries.get(resourceId({ kind, metadata: { name, ...(namespace === undefined ? {} : { namespace }) } }))
  }

  #keep<R extends AnyResource>(stored: Stored<R>): R {
    const entry = entryOf(stored)
    this.#entries.set(resourceId(stored.resource), entry)
    this.#lists.delete(stored.resource.kind)
    return entry.complete as R
  }
}

function entryOf(stored: Stored<AnyResource>): Entry {
  return { stored, complete: completed(stored.resource) }
}

/** @throws CnbError CNB_STATE_INVALID for a resource without the fields of its kind: users can edit the files of the state */
function completed<R extends AnyResource>(resource: R): R {
  try {
    return withDefaults(resource)
  } catch (error) {
    const hint = 'Correct its file in the state, or remove the file and apply the resource again.'
    throw new CnbError('CNB_STATE_INVALID', `cannot use the stored ${shownKey(keyOf(resource))}: ${(error as Error).message}`, { hint, cause: error })
  }
}

/** Undefined members are not stored, so they do not count. */
function plain<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T
}
