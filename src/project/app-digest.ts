/** A digest of the app as a build sees it, for `--if-changed`. */

import { createHash, type Hash, subtle } from 'node:crypto'
import type { Stats } from 'node:fs'
import type { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { HostDirectory } from '../archive/files/host-directory.ts'
import { RACY_MS, StatCache } from '../archive/files/stat-cache.ts'
import { type OpenEntry, stepTree } from '../archive/files/walk-tree.ts'
import type { TarEntry } from '../archive/tar/tar-writer.ts'
import { CnbError } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import { type App, APP_ROOT_MODE, appEntries, type FileFilter, filterOf } from './app.ts'
import { appStatus, readKnownApp, readStatus, StatusHash, writeKnownApp } from './app-status.ts'

export interface AppDigest {
  /**
   * Of everything in the app's tar except owner and times: the owner is always the build user, and a checkout on another machine has
   * other times, which do not reach the image.
   */
  readonly content: string
  /** Of the status of all files, with inodes and times of change: it differs after any write, even if the content is the same again. */
  readonly status: string
}

export interface AppDigestOptions extends Context {
  readonly app: App
  readonly filter: FileFilter
  /** The file of the stat cache. */
  readonly cacheFile: string
}

/**
 * Reads the app, except files with a digest in the stat cache.
 * @throws CnbError CNB_APP_CHANGED if a file changes meanwhile, and those of appEntries
 */
export async function digestApp(options: AppDigestOptions): Promise<AppDigest> {
  return options.app.archive ? digestArchive(options) : digestDirectory(options)
}

async function digestDirectory({ app, filter, cacheFile, signal, events }: AppDigestOptions): Promise<AppDigest> {
  const now = Date.now()
  const { status, latest } = await readStatus(app.path, filter, { signal })
  const known = await readKnownApp(`${cacheFile}.app`, status, now)
  if (known !== undefined) return { content: known, status }
  const cache = await StatCache.open(cacheFile, { signal, events })
  const directory = new DigestedDirectory(app.path, cache)
  const content = createHash('sha256')
  for (const entry of stepTree(directory, { filter: filterOf(filter), signal, withRoot: true })) {
    if (entry) addEntry(content, entry, entry.type === 'file' ? await directory.digestOf(entry) : NO_CONTENT)
    else await setImmediate()
  }
  await cache.save({ events })
  const digest = { content: content.digest('hex'), status: directory.status() }
  if (digest.status === status && latest + RACY_MS <= now) await writeKnownApp(`${cacheFile}.app`, digest, now)
  return digest
}

/** An archive has one status, so it is read whenever it is used. */
async function digestArchive({ app, filter, signal }: AppDigestOptions): Promise<AppDigest> {
  const content = createHash('sha256')
  const { status } = await appStatus(app, filter, { signal })
  for await (const entry of appEntries({ app, root: ROOT, uid: 0, gid: 0, filter, signal })) {
    addEntry(content, entry, entry.type === 'file' ? await digestContent(entry) : NO_CONTENT)
  }
  return { content: content.digest('hex'), status }
}

const ROOT = 'app'
const NO_CONTENT = Buffer.alloc(0)

/** Lengths precede names, so no two lists of entries have the same bytes. */
function addEntry(hash: Hash, { type, mode, name, linkname = '', size = 0 }: TarEntry, content: Buffer): void {
  const [named, linked] = [Buffer.from(name), Buffer.from(linkname)]
  hash.update(Buffer.concat([Buffer.from(`${type} ${mode.toString(8)} ${size} ${named.length} ${linked.length}\n`), named, linked, content]))
}

/** A directory that opens only files that have no digest in the cache. */
class DigestedDirectory extends HostDirectory {
  readonly #cache: StatCache
  readonly #status = new StatusHash()
  /** Of the file opened last. */
  #known: Buffer | undefined
  #unknown: { readonly path: Buffer; readonly stats: Stats; readonly now: number } | undefined

  constructor(path: string, cache: StatCache) {
    super(path, { prefix: ROOT, keepHardLinks: true, attributes: (_, relative) => (relative.length === 0 ? { mode: APP_ROOT_MODE } : {}) })
    this.#cache = cache
  }

  override entry(...[path, type, stats, more]: Parameters<HostDirectory['entry']>): TarEntry {
    this.#status.add(path.toString('latin1'), stats)
    return super.entry(path, type, stats, more)
  }

  override open(path: Buffer, stats: Stats): OpenEntry {
    const link = this.link(path, stats)
    if (link) return { entry: link, [Symbol.dispose]: () => {} }
    this.#known = this.#cache.digest(path, stats)
    if (this.#known) return { entry: this.entry(path, 'file', stats, { size: stats.size, content: NO_CONTENT }), [Symbol.dispose]: () => {} }
    this.#unknown = { path, stats, now: Date.now() }
    return this.openFile(path)
  }

  /** Returns the digest of the file that was opened last. @throws CnbError CNB_APP_CHANGED if it changed while it was read */
  async digestOf(entry: TarEntry): Promise<Buffer> {
    if (this.#known || !this.#unknown) return this.#known ?? NO_CONTENT
    const { path, stats, now } = this.#unknown
    const digest = await digestContent(entry)
    const after = this.stats(path)
    if (after.ino !== stats.ino || after.size !== stats.size || after.mtimeMs !== stats.mtimeMs || after.ctimeMs !== stats.ctimeMs) {
      throw new CnbError('CNB_APP_CHANGED', `${path.toString()} changed while it was being read`, { hint: 'Run again while no other program writes to it.' })
    }
    this.#cache.remember(path, stats, digest, now)
    return digest
  }

  status(): string {
    return this.#status.digest()
  }
}

const CHUNK = 1024 * 1024
const PARALLEL = 4

/** Returns the digest of the digests of all chunks, which Node.js computes in several threads. */
async function digestContent({ content = NO_CONTENT }: TarEntry): Promise<Buffer> {
  if (Buffer.isBuffer(content)) return sha256([sha256([content])])
  const digests: Promise<Buffer>[] = []
  for await (const chunk of chunksOf(typeof content === 'function' ? await content() : content)) {
    const digest = subtle.digest('SHA-256', chunk).then((bytes) => Buffer.from(bytes))
    // Awaited below: a failure before that must not end the process.
    digest.catch(() => {})
    digests.push(digest)
    await digests.at(-PARALLEL)
  }
  return sha256(await Promise.all(digests))
}

function sha256(parts: readonly Buffer[]): Buffer {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** Yields chunks of one size, however the stream is divided. */
async function* chunksOf(stream: Readable): AsyncGenerator<Buffer> {
  let parts: Buffer[] = []
  let length = 0
  for await (const part of stream as AsyncIterable<Buffer>) {
    for (let rest = part; rest.length > 0; ) {
      const taken = rest.subarray(0, CHUNK - length)
      parts.push(taken)
      length += taken.length
      rest = rest.subarray(taken.length)
      if (length < CHUNK) continue
      yield Buffer.concat(parts)
      parts = []
      length = 0
    }
  }
  if (length > 0) yield Buffer.concat(parts)
}
