/** A store in memory. Stores with the same `shared` state behave as processes that use one directory. */

import type { AnyResource } from '../../../src/resources/kind.ts'
import { systemClock, type Clock } from '../../../src/base/clock.ts'
import { throwIfAborted } from '../../../src/base/errors.ts'
import type { Context } from '../../../src/base/events.ts'
import type { Build } from '../../../src/resources/kinds/build.ts'
import { compareKeys, selectsKey, selectsLabels } from '../../../src/state/query.ts'
import { checkKey, keyOf } from '../../../src/state/resource-key.ts'
import { changed, checkVersion, revised, withStatus } from '../../../src/state/revision.ts'
import { BUILD, type BuildLog, type BuildName, type LogLine, type ResourceKey, type ResourceQuery, type StateLock, type Store, type Stored, type Version } from '../../../src/state/store.ts'

interface MemoryLog {
  readonly lines: LogLine[]
  isOpen: boolean
}

export class MemoryState {
  readonly resources = new Map<string, { key: ResourceKey; json: string }>()
  readonly logs = new Map<string, MemoryLog>()
  isLocked = false
  waiting = 0
  clock: Clock = systemClock
  /** The number of changes. */
  count = 0
  readonly #changes = new EventTarget()

  changed(): void {
    this.count++
    this.#changes.dispatchEvent(new Event('change'))
  }

  /** Waits for more changes than `seen`. */
  async changeAfter(seen: number, signal?: AbortSignal): Promise<void> {
    throwIfAborted(signal)
    if (this.count > seen) return
    await new Promise<void>((resolve) => {
      this.#changes.addEventListener('change', () => resolve(), { once: true })
      signal?.addEventListener('abort', () => resolve(), { once: true })
    })
    throwIfAborted(signal)
  }
}

export class MemoryStore implements Store {
  readonly #state: MemoryState

  constructor(state = new MemoryState()) {
    this.#state = state
  }

  async read<T extends AnyResource>(key: ResourceKey<T>): Promise<Stored<T> | undefined> {
    return this.#get(key)
  }

  /** Synchronous, as a change is: no other caller comes between. */
  #get<T extends AnyResource>(key: ResourceKey<T>): Stored<T> | undefined {
    checkKey(key)
    const { json } = this.#state.resources.get(idOf(key)) ?? {}
    return json === undefined ? undefined : { resource: JSON.parse(json) as T, version: `v${json}` }
  }

  async list<T extends AnyResource>(query: ResourceQuery<T>): Promise<Stored<T>[]> {
    const keys = [...this.#state.resources.values()].map(({ key }) => key).filter((key) => selectsKey(query, key))
    const found = keys.sort(compareKeys).map((key) => this.#get(key as ResourceKey<T>))
    return found.filter((stored) => stored !== undefined && selectsLabels(query, stored.resource)) as Stored<T>[]
  }

  async write<T extends AnyResource>(resource: T, expected?: Version | 'none'): Promise<Stored<T>> {
    const key = keyOf(resource)
    const stored = this.#get(key)
    checkVersion(key, stored?.version, expected)
    return this.#put(key, revised(stored?.resource, resource, this.#state.clock.now()))
  }

  async writeStatus<T extends AnyResource>(key: ResourceKey<T>, status: unknown, expected: Version): Promise<Stored<T>> {
    const stored = this.#get(key)
    checkVersion(key, stored?.version, expected)
    if (!stored) throw changed(key, 'removed')
    return this.#put(key, withStatus(stored, status))
  }

  async remove(key: ResourceKey): Promise<boolean> {
    checkKey(key)
    if (key.type.kind === BUILD.kind) this.#state.logs.delete(idOf(key))
    const isRemoved = this.#state.resources.delete(idOf(key))
    this.#state.changed()
    return isRemoved
  }

  async openLog(build: BuildName): Promise<BuildLog> {
    const key = { type: BUILD, ...build }
    checkKey(key)
    const { clock, logs } = this.#state
    const log = logs.get(idOf(key)) ?? { lines: [], isOpen: true }
    log.isOpen = true
    logs.set(idOf(key), log)
    return {
      write: (text) => {
        const time = new Date(clock.now()).toISOString()
        for (const line of text.replace(/\n$/, '').split('\n')) log.lines.push({ time, text: line })
        this.#state.changed()
      },
      [Symbol.asyncDispose]: async () => {
        log.isOpen = false
        this.#state.changed()
      },
    }
  }

  async *readLog(build: BuildName, follow: boolean, { signal }: Context = {}): AsyncGenerator<readonly LogLine[]> {
    const key = { type: BUILD, ...build }
    checkKey(key)
    for (let read = 0; ; ) {
      throwIfAborted(signal)
      const seen = this.#state.count
      const log = this.#state.logs.get(idOf(key))
      const lines = log?.lines.slice(read) ?? []
      read += lines.length
      if (lines.length > 0) yield lines
      else if (!follow || !(log ? log.isOpen : this.#mayStart(key))) return
      else await this.#state.changeAfter(seen, signal)
    }
  }

  async changes(): Promise<string> {
    return String(this.#state.count)
  }

  async isLocked(): Promise<boolean> {
    return this.#state.isLocked
  }

  async lock({ signal, events }: Context = {}): Promise<StateLock> {
    throwIfAborted(signal)
    if (this.#state.isLocked) events?.({ type: 'info', message: 'waiting for another process, which uses the state' })
    this.#state.waiting++
    try {
      while (this.#state.isLocked) await this.#state.changeAfter(this.#state.count, signal)
    } finally {
      this.#state.waiting--
    }
    this.#state.isLocked = true
    return {
      signal: new AbortController().signal,
      isWanted: async () => this.#state.waiting > 0,
      [Symbol.asyncDispose]: async () => {
        this.#state.isLocked = false
        this.#state.changed()
      },
    }
  }

  #mayStart(key: ResourceKey<Build>): boolean {
    const found = this.#get(key)
    return found !== undefined && !(found.resource.status?.conditions ?? []).some(({ type, status }) => type === 'Succeeded' && status !== 'Unknown')
  }

  #put<T extends AnyResource>(key: ResourceKey<T>, resource: T): Stored<T> {
    const json = JSON.stringify(resource)
    this.#state.resources.set(idOf(key), { key, json })
    this.#state.changed()
    return { resource: JSON.parse(json) as T, version: `v${json}` }
  }
}

function idOf({ type, namespace, name }: ResourceKey): string {
  return [type.group, type.kind, namespace ?? '', name].join('/')
}
