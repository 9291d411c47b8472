/** A content-addressed cache of downloads, in a directory that several cnb processes share. */

import { createHash } from 'node:crypto'
import { createReadStream, type BigIntStats } from 'node:fs'
import { access, chmod, constants, lstat, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { throwIfAborted } from '../../base/errors.ts'
import type { Context, EventSink } from '../../base/events.ts'
import { makeDirectories, makeTemporaryDirectory } from '../../base/files.ts'
import { hexOf, type Digest } from '../../oci/digest.ts'
import { abortable } from '../transport/abortable.ts'
import { evict } from './evict.ts'
import { Facts } from './facts.ts'
import { cannotWrite, writeUnfinished, type OpenContent, type Unfinished } from './unfinished-file.ts'

export interface ContentCache extends AsyncDisposable {
  /** Returns the path of the verified file with this digest; undefined if it is missing or damaged. Marks it as used. */
  find(digest: Digest, context?: Context): Promise<string | undefined>
  /**
   * Stores a stream under its digest, unless the cache has it, and returns the file's path.
   * @throws CnbError CNB_DOWNLOAD_FAILED if the digest differs, CNB_OUTPUT, CNB_INTERRUPTED, and errors of `open` and the stream
   */
  store(digest: Digest, open: OpenContent, context?: Context): Promise<string>
  /** Stores a stream of unknown digest. @throws CnbError as `store`, and CNB_DOWNLOAD_FAILED for more than `maxBytes` */
  storeUnknown(open: OpenContent, limit: { readonly maxBytes: number }, context?: Context): Promise<StoredContent>
  /** Returns a small JSON value by kind and key; undefined if it is missing. Values are as untrusted as the directory. */
  fact(kind: FactKind, key: string): Promise<unknown>
  setFact(kind: FactKind, key: string, value: unknown): Promise<void>
  /** Returns a directory inside the cache for files that have another form. Those in CLONES (cache-entries.ts) count towards the budget. */
  folder(name: string): Promise<string>
  /** Removes content, least recently used first, until the budget is met. This run's and recently used content stays. */
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * URLs and the digest of their content, image names and the digest of their manifest, git repositories and their commit, archives of the
 * lifecycle and their layer.
 */
type FactKind = 'url' | 'manifest' | 'registry' | 'lifecycle'

export interface StoredContent {
  readonly digest: Digest
  readonly path: string
  readonly size: number
}

export interface CacheOptions {
  /** Bytes. */
  readonly budget: number
  /** Receives a warning if the directory cannot be used. */
  readonly events?: EventSink | undefined
}

/**
 * Opens the cache in a directory, which is created on first use. If it cannot be written, a temporary directory takes its place until
 * the cache is disposed, with a warning.
 */
export function openContentCache(directory: string, options: CacheOptions): ContentCache {
  return new DirectoryCache(directory, options)
}

/** A fact about a stored file, which only this class reads: the attributes that it had when its digest was verified. */
const VERIFIED = 'verified'

class DirectoryCache implements ContentCache {
  readonly #directory: string
  readonly #options: CacheOptions
  #opened: Promise<{ root: string; facts: Facts }> | undefined
  /** Disposed with the cache. */
  #temporary: AsyncDisposable | undefined
  /** The attributes of files that this run verified or stored. */
  readonly #verified = new Map<Digest, string>()
  readonly #running = new Map<Digest, Promise<string>>()
  #grew = false

  constructor(directory: string, options: CacheOptions) {
    this.#directory = directory
    this.#options = options
  }

  async find(digest: Digest, context: Context = {}): Promise<string | undefined> {
    const { root, facts } = await this.#open()
    const path = pathOf(root, digest)
    const stats = await lstat(path, { bigint: true }).catch(() => undefined)
    if (!stats) return undefined
    const attributes = attributesOf(stats)
    if (this.#verified.get(digest) === attributes) return path
    if (isOwnFile(stats)) {
      // The system sets a file's ctime: equal attributes mean that nothing has written to the file since its digest was verified.
      const isKnown = (await facts.read(VERIFIED, digest)) === attributes
      if (isKnown || (await digestOfFile(path, context)) === digest) {
        if (!isKnown) await facts.write(VERIFIED, digest, attributes)
        this.#verified.set(digest, attributes)
        return path
      }
    }
    const why = isOwnFile(stats) ? `its content is not ${digest}` : 'it is not a file of this user'
    context.events?.({ type: 'warning', message: `dropped ${path} from the cache: ${why}` })
    // Another process may have replaced it in the meantime.
    const now = await lstat(path, { bigint: true }).catch(() => undefined)
    if (now && attributesOf(now) === attributes) await rm(path, { recursive: true, force: true }).catch(() => {})
    return undefined
  }

  async store(digest: Digest, open: OpenContent, context: Context = {}): Promise<string> {
    const found = await this.find(digest, context)
    if (found !== undefined) return found
    const running = this.#running.get(digest)
    if (running) {
      const path = await abortable(running, context.signal).catch(() => undefined)
      // The other call may have failed for its own reasons, such as an abort.
      return path ?? this.store(digest, open, context)
    }
    const storing = this.#write(open, { expected: digest }, context).then(({ path }) => path)
    this.#running.set(digest, storing)
    try {
      return await storing
    } finally {
      this.#running.delete(digest)
    }
  }

  storeUnknown(open: OpenContent, { maxBytes }: { readonly maxBytes: number }, context: Context = {}): Promise<StoredContent> {
    return this.#write(open, { maxBytes }, context)
  }

  async fact(kind: FactKind, key: string): Promise<unknown> {
    return (await this.#open()).facts.read(kind, key)
  }

  async setFact(kind: FactKind, key: string, value: unknown): Promise<void> {
    this.#grew = true
    await (await this.#open()).facts.write(kind, key, value)
  }

  async folder(name: string): Promise<string> {
    const path = join((await this.#open()).root, name)
    await makeDirectories(path).catch((error: unknown) => cannotWrite(path, error))
    return path
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#grew && !this.#temporary) await evict((await this.#open()).root, this.#options.budget, new Set(this.#verified.keys()))
    await this.#temporary?.[Symbol.asyncDispose]()
  }

  async #write(open: OpenContent, wanted: { expected?: Digest; maxBytes?: number }, context: Context): Promise<StoredContent> {
    const { root, facts } = await this.#open()
    await using file = await writeUnfinished(join(root, UNFINISHED), open, wanted, context)
    const { digest, size } = file
    const path = pathOf(root, digest)
    const attributes = await this.#place(file, path)
    this.#grew = true
    await facts.write(VERIFIED, digest, attributes)
    this.#verified.set(digest, attributes)
    return { digest, path, size }
  }

  /** Moves the file to its name. @returns its attributes, by the open file: another process may replace it at once */
  async #place(file: Unfinished, path: string): Promise<string> {
    try {
      await rename(file.path, path)
      return attributesOf(await file.handle.stat({ bigint: true }))
    } catch (error) {
      return cannotWrite(path, error)
    }
  }

  #open(): Promise<{ root: string; facts: Facts }> {
    return (this.#opened ??= this.#prepare())
  }

  async #prepare(): Promise<{ root: string; facts: Facts }> {
    try {
      return await prepare(this.#directory)
    } catch (error) {
      const message = `cannot use the cache directory ${this.#directory}, so downloads are not kept: ${(error as Error).message}`
      this.#options.events?.({ type: 'warning', message })
      const temporary = await makeTemporaryDirectory('cnb-cache-')
      this.#temporary = temporary
      return prepare(temporary.path)
    }
  }
}

const CONTENT = 'blobs/sha256'
const UNFINISHED = 'unfinished'
const FACTS = 'facts'
/** Private images and downloads are for their user only. */
const PRIVATE = 0o700

async function prepare(root: string): Promise<{ root: string; facts: Facts }> {
  await Promise.all([CONTENT, UNFINISHED, FACTS].map(async (folder) => {
    const path = join(root, folder)
    await makeDirectories(path)
    await access(path, constants.W_OK | constants.X_OK)
    // Fails for a directory of another user, who could exchange its files. `root` itself may be any directory.
    await chmod(path, PRIVATE)
  }))
  return { root, facts: new Facts(join(root, FACTS)) }
}

function pathOf(root: string, digest: Digest): string {
  return join(root, CONTENT, hexOf(digest))
}

/** Whether it is a file of this user: another user could change it after its digest is verified. */
function isOwnFile(stats: BigIntStats): boolean {
  const own = process.getuid?.()
  return stats.isFile() && (own === undefined || stats.uid === BigInt(own))
}

function attributesOf({ size, mtimeNs, ctimeNs, ino }: BigIntStats): string {
  return [size, mtimeNs, ctimeNs, ino].join(' ')
}

/** Returns the digest of a file; undefined if it cannot be read. @throws CnbError CNB_INTERRUPTED */
export async function digestOfFile(path: string, { signal }: Context): Promise<Digest | undefined> {
  const hash = createHash('sha256')
  try {
    await pipeline(createReadStream(path), hash, { signal })
  } catch {
    throwIfAborted(signal)
    return undefined
  }
  return `sha256:${hash.digest('hex')}`
}
