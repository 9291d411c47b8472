/** The store as a directory of readable files, which several processes and machines may use. */

import type { AnyResource } from '../../resources/kind.ts'
import { randomUUID } from 'node:crypto'
import { chmod, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { throwIfAborted } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { cannotWrite, makeDirectories, syncDirectory, writeFileDurably } from '../../base/files.ts'
import { compareKeys, selectsLabels } from '../query.ts'
import { checkKey, keyOf } from '../resource-key.ts'
import { changed, checkVersion, revised, withStatus } from '../revision.ts'
import { BUILD, type BuildLog, type BuildName, type LogLine, type ResourceKey, type ResourceQuery, type StateLock, type Store, type Stored, type Version } from '../store.ts'
import { openBuildLog } from './build-log.ts'
import { KnownObjects, RECENT } from './known-objects.ts'
import { isBuild, isSecret, OWN_DIRECTORIES, StateLayout } from './layout.ts'
import { readBuildLog } from './log-reader.ts'
import { formatObject, listKeys, readObject, versionOf } from './object-files.ts'
import { SharedTurns } from './shared-turns.ts'
import { checkFormat, FORMAT_TEXT } from './state-format.ts'
import type { StateProcess } from './state-process.ts'
import { isTaken, takeTurn } from './turns.ts'

/**
 * Opens the state in a directory, which may be absent: the first write creates it.
 * @throws CnbError CNB_UNSUPPORTED for state of a newer version, CNB_STATE_INVALID for a directory of something else
 */
export async function openStateDirectory(path: string, process: StateProcess): Promise<Store> {
  await checkFormat(path, OWN_DIRECTORIES)
  return new DirectoryStore(new StateLayout(path), process)
}

class DirectoryStore implements Store {
  readonly #layout: StateLayout
  readonly #process: StateProcess
  /** Changes of this process do not compete for the turn. */
  readonly #turns = new SharedTurns((context) => this.#takeTurn(context))
  readonly #known = new KnownObjects()

  constructor(layout: StateLayout, process: StateProcess) {
    this.#layout = layout
    this.#process = process
  }

  async read<T extends AnyResource>(key: ResourceKey<T>, context: Context = {}): Promise<Stored<T> | undefined> {
    checkKey(key)
    return readObject(this.#layout, key, context)
  }

  async list<T extends AnyResource>(query: ResourceQuery<T>, context: Context = {}): Promise<Stored<T>[]> {
    const found: Stored<T>[] = []
    for (const key of (await listKeys(this.#layout, query)).sort(compareKeys)) {
      const stored = await this.#known.read(this.#layout, key as ResourceKey<T>, context)
      if (stored && selectsLabels(query, stored.resource)) found.push(stored)
    }
    return found
  }

  async write<T extends AnyResource>(resource: T, expected?: Version | 'none', context: Context = {}): Promise<Stored<T>> {
    const key = keyOf(resource)
    const read = async (): Promise<{ stored: Stored<T> | undefined; next: T }> => {
      const stored = await readObject(this.#layout, key, context)
      checkVersion(key, stored?.version, expected)
      return { stored, next: revised(stored?.resource, resource, this.#process.clock.now()) }
    }
    // Most resources that are applied again have no change, which needs no turn.
    const { stored, next } = await read()
    if (stored && next === stored.resource) return stored
    return this.#change(this.#layout.file(key), context, async () => {
      const { stored, next } = await read()
      return stored && next === stored.resource ? stored : this.#put(key, next)
    })
  }

  async writeStatus<T extends AnyResource>(key: ResourceKey<T>, status: unknown, expected: Version, context: Context = {}): Promise<Stored<T>> {
    checkKey(key)
    return this.#change(this.#layout.file(key), context, async () => {
      const stored = await readObject(this.#layout, key, context)
      checkVersion(key, stored?.version, expected)
      if (!stored) throw changed(key, 'removed')
      return this.#put(key, withStatus(stored, status))
    })
  }

  async remove(key: ResourceKey, context: Context = {}): Promise<boolean> {
    checkKey(key)
    const file = this.#layout.file(key)
    const path = isBuild(key) ? dirname(file) : file
    return this.#change(file, context, async () => {
      // A directory is removed at once by a rename: no reader sees a part of it.
      const aside = join(this.#layout.temporaries, randomUUID())
      try {
        await rename(path, aside)
      } catch (error) {
        return (error as NodeJS.ErrnoException).code === 'ENOENT' ? false : cannotWrite(path, error)
      }
      await syncDirectory(dirname(path))
      await rm(aside, { recursive: true, force: true })
      return true
    })
  }

  async openLog(build: BuildName, context: Context = {}): Promise<BuildLog> {
    const key = { type: BUILD, ...build }
    checkKey(key)
    const paths = { log: this.#layout.log(build), writer: this.#layout.logWriter(build) }
    await this.#change(this.#layout.file(key), context, () => makeDirectories(dirname(paths.log)).catch((error: unknown) => cannotWrite(paths.log, error)))
    return openBuildLog(paths, this.#process, context)
  }

  readLog(build: BuildName, follow: boolean, context: Context = {}): AsyncIterable<readonly LogLine[]> {
    const key = { type: BUILD, ...build }
    checkKey(key)
    const mayStart = async (): Promise<boolean> => {
      const found = await this.read(key, context)
      return found !== undefined && !(found.resource.status?.conditions ?? []).some(({ type, status }) => type === 'Succeeded' && status !== 'Unknown')
    }
    return readBuildLog({ log: this.#layout.log(build), writer: this.#layout.logWriter(build), mayStart }, follow, this.#process, context)
  }

  /** Each change makes and removes a claim, which sets the time of their directory. */
  async changes({ signal }: Context = {}): Promise<string> {
    throwIfAborted(signal)
    const { mtimeNs, mtimeMs } = await stat(this.#layout.writers, { bigint: true }).catch(() => ({ mtimeNs: 0n, mtimeMs: 0n }))
    // Two changes may have one time: a recent time is not reliable.
    return Math.abs(Date.now() - Number(mtimeMs)) < RECENT ? randomUUID() : String(mtimeNs)
  }

  isLocked(): Promise<boolean> {
    return isTaken(this.#layout.reconcilers, this.#process)
  }

  async lock(context: Context = {}): Promise<StateLock> {
    const { root, reconcilers } = this.#layout
    if (!(await checkFormat(root, OWN_DIRECTORIES))) await this.#change(root, context, async () => {})
    const turn = await takeTurn(reconcilers, this.#process, context, (holder) => {
      context.events?.({ type: 'info', message: `waiting for ${holder}, which uses the state in ${root}` })
    })
    return { signal: turn.lost, isWanted: () => turn.isWanted(), [Symbol.asyncDispose]: () => turn[Symbol.asyncDispose]() }
  }

  /** Runs `work` while no other process changes the state. */
  #change<R>(path: string, context: Context, work: () => Promise<R>): Promise<R> {
    return this.#turns.run(path, work, context)
  }

  async #takeTurn(context: Context): Promise<AsyncDisposable> {
    const { root, writers } = this.#layout
    // Before the first claim, which would be a change, and again in the turn: another process may have changed the format.
    await checkFormat(root, OWN_DIRECTORIES)
    const turn = await takeTurn(writers, this.#process, context, () => {})
    try {
      await this.#prepare()
      return turn
    } catch (error) {
      await turn[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Creates the parts that a new state lacks, and removes incomplete files of processes that were killed. */
  async #prepare(): Promise<void> {
    const { root, format, temporaries } = this.#layout
    const exists = await checkFormat(root, OWN_DIRECTORIES)
    try {
      await makeDirectories(temporaries)
      for (const name of await readdir(temporaries)) await rm(join(temporaries, name), { recursive: true, force: true })
      if (exists) return
      // Incomplete files of secrets are here.
      await chmod(temporaries, 0o700)
      await writeFileDurably(format, FORMAT_TEXT, 0o644, this.#temporary)
    } catch (error) {
      cannotWrite(format, error)
    }
  }

  get #temporary(): string {
    return join(this.#layout.temporaries, 'file')
  }

  async #put<T extends AnyResource>(key: ResourceKey<T>, resource: T): Promise<Stored<T>> {
    const path = this.#layout.file(key)
    const content = formatObject(key, resource)
    const isNew = await stat(dirname(path)).then(() => false, () => true)
    try {
      if (isSecret(key)) await this.#makePrivate(dirname(path))
      await writeFileDurably(path, content, isSecret(key) ? 0o600 : 0o644, this.#temporary)
      if (isNew) await this.#syncParents(dirname(path))
    } catch (error) {
      cannotWrite(path, error)
    }
    return { resource, version: versionOf(content) }
  }

  /** The directory of the namespace and that of the kind are for the user only. */
  async #makePrivate(directory: string): Promise<void> {
    await makeDirectories(directory)
    for (const path of [dirname(directory), directory]) {
      await chmod(path, 0o700).catch((error: NodeJS.ErrnoException) => {
        // The directory is another user's, who shares the state; the file itself is private.
        if (error.code !== 'EPERM') throw error
      })
    }
  }

  /** A crash must not lose the name of a new directory. */
  async #syncParents(directory: string): Promise<void> {
    for (let path = directory; path !== this.#layout.root; path = dirname(path)) await syncDirectory(dirname(path))
  }
}
