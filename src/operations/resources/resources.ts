/** The resources of a state in memory. Every change is stored first. */

import { isDeepStrictEqual } from 'node:util'
import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
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
  readonly #entries = new Map<string, Entry>()

  private constructor(store: Store | undefined) {
    this.#store = store
  }

  /** Reads all resources. @param options.isPlan changes nothing in the store. @throws CnbError CNB_STATE_INVALID */
  static async read(store: Store, context: Context, { isPlan = false } = {}): Promise<Resources> {
    const resources = new Resources(isPlan ? undefined : store)
    for (const stored of await store.list({}, context)) resources.#keep(stored)
    return resources
  }

  /** Returns the resources of a kind by namespace and name. */
  list<Name extends KindName>(kind: Name): ResourceTypes[Name][] {
    return [...this.#entries.values()].flatMap(({ complete }) => (complete.kind === kind ? [complete as ResourceTypes[Name]] : []))
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
    return this.#entries.get(idOf(resource))?.complete as R | undefined
  }

  /** Creates or changes a resource, except for its status. Returns the resource as it is now. @throws CnbError CNB_STATE_CHANGED, CNB_OUTPUT */
  async write<R extends AnyResource>(resource: R, context: Context): Promise<R> {
    const before = this.#entries.get(idOf(resource))?.stored
    if (!this.#store) return this.#keep({ resource: revised(before?.resource as R | undefined, resource, Date.now()), version: 'v0' })
    return this.#keep(await this.#store.write(resource, before?.version ?? 'none', context))
  }

  /** Changes the status, unless it has this value. Returns the resource as it is now. @throws CnbError as write */
  async writeStatus<R extends AnyResource & { status?: Status }>(resource: R, status: NonNullable<R['status']>, context: Context): Promise<R> {
    const before = this.#entries.get(idOf(resource))?.stored
    if (!before || isDeepStrictEqual((before.resource as R).status, plain(status))) return resource
    if (!this.#store) return this.#keep({ resource: withStatus(before, status), version: 'v0' }) as R
    return this.#keep(await this.#store.writeStatus<AnyResource>(keyOf(before.resource), status, before.version, context)) as R
  }

  /** Removes a resource. @returns whether it was there */
  async remove(resource: AnyResource, context: Context): Promise<boolean> {
    const isThere = this.#entries.delete(idOf(resource))
    return this.#store ? this.#store.remove(keyOf(resource), context) : isThere
  }

  #entry(kind: KindName, { name, namespace }: ResourceName): Entry | undefined {
    return this.#entries.get(idOf({ kind, metadata: { name, ...(namespace === undefined ? {} : { namespace }) } }))
  }

  #keep<R extends AnyResource>(stored: Stored<R>): R {
    const complete = completed(stored.resource)
    this.#entries.set(idOf(complete), { stored, complete })
    return complete
  }
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

function idOf({ kind, metadata: { namespace = '', name } }: Pick<AnyResource, 'kind' | 'metadata'>): string {
  return `${kind}/${namespace}/${name}`
}

/** Undefined members are not stored, so they do not count. */
function plain<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T
}
