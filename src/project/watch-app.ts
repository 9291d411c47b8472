/** Watches the files of an app. */

import { type FSWatcher, watch } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { EntryFilter } from '../archive/ignore-rules.ts'
import { CnbError } from '../base/errors.ts'
import { type FileFilter, filterOf } from './app.ts'

/** Written by every git command. */
const NEVER = new Set(['.git'])
/** It determines the build, also if the app's image does not have it. */
const DESCRIPTOR = 'project.toml'

/**
 * Watches every directory of the app that a build reads, also new ones. Node's recursive watch would also open all files that the filter
 * excludes. Disposal ends the watch.
 */
export class AppWatch implements Disposable {
  readonly #root: string
  readonly #filter: EntryFilter | undefined
  readonly #onChange: (path: string) => void
  readonly #onError: (error: CnbError) => void
  /** By path relative to the app; the app itself is `''`. */
  readonly #watchers = new Map<string, FSWatcher>()
  /** Of the app's directory, which may be removed and made again; undefined if that cannot be noticed. */
  #parent: FSWatcher | undefined
  #identity: string | undefined
  #isClosed = false

  private constructor(root: string, filter: FileFilter, onChange: (path: string) => void, onError: (error: CnbError) => void) {
    this.#root = root
    this.#filter = filterOf(filter)
    this.#onChange = onChange
    this.#onError = onError
  }

  /**
   * @param onChange called for each change, with a path relative to the app; one save of an editor may be several
   * @param onError called if a new directory cannot be watched
   * @throws CnbError CNB_APP_INVALID if the system watches no more directories
   */
  static async open(root: string, filter: FileFilter, onChange: (path: string) => void, onError: (error: CnbError) => void): Promise<AppWatch> {
    const opened = new AppWatch(root, filter, onChange, onError)
    try {
      opened.#identity = await identityOf(root)
      await opened.#add('', false)
      opened.#watchParent()
      return opened
    } catch (error) {
      opened[Symbol.dispose]()
      throw error
    }
  }

  #watchParent(): void {
    try {
      this.#parent = watch(dirname(this.#root), { persistent: false }, (_event, name) => {
        if (name === basename(this.#root)) this.#replaceRoot().catch(this.#onError)
      })
      this.#parent.on('error', () => this.#parent?.close())
    } catch {
      // The app's directory is all that must be readable.
    }
  }

  /** Watches the app's directory again if it is another one than before. */
  async #replaceRoot(): Promise<void> {
    const identity = await identityOf(this.#root)
    if (this.#isClosed || identity === this.#identity) return
    this.#identity = identity
    this.#closeAll()
    if (identity === undefined) return
    await this.#add('', false)
    this.#onChange('')
  }

  /** @param whole whether the filter includes everything below the directory */
  async #add(path: string, whole: boolean): Promise<void> {
    if (this.#isClosed || !this.#watch(path, whole)) return
    const entries = await readdir(join(this.#root, path), { withFileTypes: true }).catch(() => [])
    for (const entry of entries) {
      if (entry.isDirectory()) await this.#enter(inside(path, entry.name), whole)
    }
  }

  async #enter(path: string, whole: boolean): Promise<void> {
    const verdict = this.#verdict(path, true, whole)
    if (verdict !== 'skip') await this.#add(path, verdict === 'whole')
  }

  /** Returns false for a directory that no longer exists. */
  #watch(path: string, whole: boolean): boolean {
    const directory = join(this.#root, path)
    try {
      const watcher = watch(directory, { persistent: false }, (_event, name) => this.#changed(path, name ?? '', whole))
      // A removed directory; its parent reports that.
      watcher.on('error', () => watcher.close())
      this.#watchers.set(path, watcher)
      return true
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES') return false
      const hint = code === 'ENOSPC' || code === 'EMFILE' ? 'Exclude directories in project.toml, or raise fs.inotify.max_user_watches and fs.inotify.max_user_instances.' : 'Exclude the directory in project.toml.'
      throw new CnbError('CNB_APP_INVALID', `cannot watch ${directory}: ${message}`, { hint, cause: error })
    }
  }

  #changed(directory: string, name: string, whole: boolean): void {
    if (this.#isClosed) return
    const path = inside(directory, name)
    const asDirectory = this.#verdict(path, true, whole)
    const asFile = path === DESCRIPTOR ? 'keep' : this.#verdict(path, false, whole)
    if (asFile === 'skip' && asDirectory === 'skip') return
    const wasDirectory = name !== '' && this.#renew(path, asDirectory, whole)
    if (asFile !== 'skip' || wasDirectory) this.#onChange(path)
  }

  /** Watches again what may be another directory than before: a renamed, replaced or new one. @returns whether it was a directory */
  #renew(path: string, verdict: ReturnType<EntryFilter>, whole: boolean): boolean {
    const wasDirectory = this.#watchers.has(path)
    for (const [watched, watcher] of this.#watchers) {
      if (watched !== path && !watched.startsWith(`${path}/`)) continue
      watcher.close()
      this.#watchers.delete(watched)
    }
    if (verdict === 'skip') return wasDirectory
    // Files that were created before the watch are read by the build that this change starts.
    readdir(join(this.#root, path)).then(
      () => this.#add(path, whole || verdict === 'whole').then(() => this.#onChange(path), this.#onError),
      () => {},
    )
    return wasDirectory
  }

  #verdict(path: string, isDirectory: boolean, whole: boolean): ReturnType<EntryFilter> {
    if (path.split('/').some((name) => NEVER.has(name))) return 'skip'
    return whole ? 'whole' : (this.#filter?.(path, isDirectory) ?? 'keep')
  }

  [Symbol.dispose](): void {
    this.#isClosed = true
    this.#parent?.close()
    this.#closeAll()
  }

  #closeAll(): void {
    for (const watcher of this.#watchers.values()) watcher.close()
    this.#watchers.clear()
  }
}

/** A file system may use the inode of a removed directory again. Returns undefined for a directory that does not exist. */
async function identityOf(path: string): Promise<string | undefined> {
  const found = await stat(path, { bigint: true }).catch(() => undefined)
  return found && `${found.dev}:${found.ino}:${found.birthtimeNs}`
}

function inside(directory: string, name: string): string {
  return directory === '' ? name : `${directory}/${name}`
}
