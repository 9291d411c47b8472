/** The port of the store of resources and builds; `directory/` is its implementation. */

import type { Context } from '../base/events.ts'
import type { AnyResource } from '../resources/kind.ts'
import type { Build } from '../resources/kinds/build.ts'
import type { LabelSelector } from './label-selector.ts'

/** A type of resources: its group, empty for Kubernetes' core, and its kind. */
export interface ResourceType<T extends AnyResource = AnyResource> {
  readonly group: string
  readonly kind: string
  /** Only for the compiler: the type of such a resource. */
  readonly example?: T
}

export const BUILD: ResourceType<Build> = { group: 'kpack.io', kind: 'Build' }

export interface ResourceKey<T extends AnyResource = AnyResource> {
  readonly type: ResourceType<T>
  /** Absent for resources of the whole cluster. */
  readonly namespace?: string | undefined
  readonly name: string
}

/** Identifies the content of a stored resource: equal content has equal versions. */
export type Version = `v${string}`

export interface Stored<T extends AnyResource = AnyResource> {
  readonly resource: T
  readonly version: Version
}

export interface ResourceQuery<T extends AnyResource = AnyResource> {
  /** Default: all types. */
  readonly type?: ResourceType<T>
  /** Default: all namespaces, and the resources of the cluster. */
  readonly namespace?: string
  readonly labels?: LabelSelector
  /** Selects by name before a resource is read, which saves time if there are many. */
  readonly named?: (name: string) => boolean
}

/** The name of a Build. */
export interface BuildName {
  readonly namespace: string
  readonly name: string
}

export interface LogLine {
  /** RFC 3339 in UTC with milliseconds; empty if the log does not have it. */
  readonly time: string
  readonly text: string
}

/** The log of a running build; disposal closes it. */
export interface BuildLog extends AsyncDisposable {
  /** Appends complete lines, which other processes can read at once. */
  write(text: string): void
}

/** The right to reconcile; disposal ends it. */
export interface StateLock extends AsyncDisposable {
  /** Aborted if this process did not run for so long that another one took over. */
  readonly signal: AbortSignal
  /** Returns whether another process waits for this one: then start nothing that takes long. */
  isWanted(): Promise<boolean>
}

/** All methods throw CNB_STATE_INVALID for files that cannot be read, CNB_OUTPUT for failed writes, and CNB_INTERRUPTED. */
export interface Store {
  read<T extends AnyResource>(key: ResourceKey<T>, context?: Context): Promise<Stored<T> | undefined>
  /** Returns resources by type, namespace and name, in this order. @throws CnbError CNB_STATE_INVALID for any unreadable file */
  list<T extends AnyResource>(query: ResourceQuery<T>, context?: Context): Promise<Stored<T>[]>
  /**
   * Creates or changes a resource, except for its status. The uid, the time of creation and the generation are the store's.
   * @param expected the version to replace, `none` if the resource must not exist; default: any
   * @throws CnbError CNB_STATE_CHANGED if another version is stored, CNB_DESCRIPTOR_INVALID for an impossible name
   */
  write<T extends AnyResource>(resource: T, expected?: Version | 'none', context?: Context): Promise<Stored<T>>
  /** Changes the status. @throws CnbError CNB_STATE_CHANGED if another version is stored, or none */
  writeStatus<T extends AnyResource>(key: ResourceKey<T>, status: unknown, expected: Version, context?: Context): Promise<Stored<T>>
  /** Removes a resource, and the log of a Build. @returns whether it was there */
  remove(key: ResourceKey, context?: Context): Promise<boolean>
  /** Starts or continues the log of a build. A write that fails is a warning, once: the build is worth more than its log. */
  openLog(build: BuildName, context?: Context): Promise<BuildLog>
  /**
   * Yields the lines of a log.
   * @param follow whether to wait for more until the log is closed, its writer has died, or the build is removed
   */
  readLog(build: BuildName, follow: boolean, context?: Context): AsyncIterable<readonly LogLine[]>
  /** Returns a value that differs after any change of the state; it may also differ without a change. */
  changes(context?: Context): Promise<string>
  /** Returns whether a process reconciles this state, or may do so on another machine. */
  isLocked(context?: Context): Promise<boolean>
  /** Waits until no other process reconciles this state. */
  lock(context?: Context): Promise<StateLock>
}
