/**
 * A cache in a directory of the host (`--cache type=build;format=bind;source=DIR`).
 *
 * It has the stock lifecycle's layout (lifecycle cache/volume_cache.go), so both drivers can read it: `committed/` contains one
 * metadata file and the tars of the layers.
 */

import { constants, createReadStream } from 'node:fs'
import { link, lstat, mkdir, mkdtemp, open, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import { makeDirectories } from '../../../base/files.ts'
import type { Digest } from '../../../oci/digest.ts'
import { CACHE_METADATA, type CacheMetadata, writeCacheMetadata } from './cache-metadata.ts'
import { checkCacheFile, type LayerTars, verifiedTar } from './layer-tars.ts'
import { writeTarFile } from './tar-file.ts'

/** The stock lifecycle removes `staging` when it opens a cache; each native build uses a separate directory in it. */
const STAGING = 'staging'
const COMMITTED = 'committed'
/** Bytes per read of a layer. */
const PIECE = 256 * 1024
/** A staging directory of this age is from a killed run, because no build takes as long. */
const ABANDONED_MS = 24 * 60 * 60 * 1000

/** Reads the cache; each call reads the last complete commit. */
export function cacheDirectoryTars(directory: string): LayerTars {
  const committed = join(directory, COMMITTED)
  return {
    metadata: async () => {
      const path = join(committed, CACHE_METADATA)
      await using file = await openRegular(path)
      if (!file) return undefined
      checkCacheFile(path, file.size)
      return await file.handle.readFile('utf8')
    },
    open: async (diffId, { signal }) => {
      const file = await openRegular(join(committed, `${diffId}.tar`))
      return file && verifiedTar(createReadStream('', { fd: file.handle, highWaterMark: PIECE, signal }), diffId)
    },
  }
}

interface OpenFile extends AsyncDisposable {
  readonly handle: Awaited<ReturnType<typeof open>>
  readonly size: number
}

/**
 * Opens a regular file without following links or blocking on a FIFO. Returns undefined if it does not exist.
 * @throws CnbError CNB_RESTORE_FAILED if the file cannot be read
 */
async function openRegular(path: string): Promise<OpenFile | undefined> {
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    const stats = await handle.stat()
    if (stats.isFile()) return { handle, size: stats.size, [Symbol.asyncDispose]: () => handle.close() }
    await handle.close()
    return undefined
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return undefined
    throw new CnbError('CNB_RESTORE_FAILED', `cannot read the cache: ${message}`, { cause: error, hint: 'Check the permissions of the cache directory.' })
  }
}

/** Writes the next content of a cache directory. Disposal without `commit` leaves the cache unchanged. */
export interface CacheWriter extends AsyncDisposable {
  /**
   * Adds the layer from the current cache, or from `content` if the cache does not have the layer.
   * @throws CnbError CNB_EXPORT_FAILED if the content does not have the diffID, CNB_OUTPUT if it cannot be written
   */
  add(diffId: Digest, content: () => Promise<Readable>, context: Context): Promise<void>
  /** Replaces the cache with the added layers, atomically: of two concurrent writers, one writes the whole cache. */
  commit(metadata: CacheMetadata): Promise<void>
}

/**
 * Opens a cache directory for writing, and creates it if it is missing.
 * @param anew whether to ignore the layers of the current cache
 * @throws CnbError CNB_OUTPUT if the directory cannot be written
 */
export async function openCacheWriter(directory: string, { anew }: { readonly anew: boolean } = { anew: false }): Promise<CacheWriter> {
  return writing(directory, async () => {
    const staging = join(directory, STAGING)
    await makeDirectories(staging)
    await removeAbandoned(staging)
    const own = await mkdtemp(join(staging, 'cnb-'))
    await mkdir(join(own, 'new'), { mode: 0o755 })
    return new DirectoryWriter(directory, own, anew)
  })
}

async function removeAbandoned(staging: string): Promise<void> {
  for (const name of await readdir(staging)) {
    const path = join(staging, name)
    const stats = await lstat(path).catch(() => undefined)
    if (stats && Date.now() - stats.mtimeMs > ABANDONED_MS) await rm(path, { recursive: true, force: true })
  }
}

class DirectoryWriter implements CacheWriter {
  readonly #directory: string
  readonly #own: string
  readonly #anew: boolean
  readonly #added = new Set<Digest>()

  constructor(directory: string, own: string, anew: boolean) {
    this.#directory = directory
    this.#own = own
    this.#anew = anew
  }

  get #new(): string {
    return join(this.#own, 'new')
  }

  get #committed(): string {
    return join(this.#directory, COMMITTED)
  }

  async add(diffId: Digest, content: () => Promise<Readable>, context: Context): Promise<void> {
    // Two layers of one build can have the same diffID.
    if (this.#added.has(diffId)) return
    this.#added.add(diffId)
    const name = `${diffId}.tar`
    await writing(this.#directory, async () => {
      if (!this.#anew && (await this.#reuse(name))) return
      await writeTarFile(await content(), join(this.#new, name), diffId, context)
    })
  }

  /** Links the current cache's file without reading it: a restore verifies the digest. */
  async #reuse(name: string): Promise<boolean> {
    try {
      const stats = await lstat(join(this.#committed, name))
      if (!stats.isFile()) return false
      await link(join(this.#committed, name), join(this.#new, name))
      return true
    } catch {
      // The file is missing, has another owner, or the file system has no hard links: it is written instead.
      return false
    }
  }

  async commit(metadata: CacheMetadata): Promise<void> {
    const text = writeCacheMetadata(metadata)
    await writing(this.#directory, async () => {
      await writeFile(join(this.#new, CACHE_METADATA), text)
      const old = join(this.#own, 'old')
      const hadOne = await renamed(this.#committed, old)
      try {
        await rename(this.#new, this.#committed)
      } catch (error) {
        // Another writer committed first, and its cache is complete.
        if (isTaken(error)) return
        if (hadOne) await renamed(old, this.#committed)
        throw error
      }
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#own, { recursive: true, force: true }).catch(() => {})
  }
}

/** Renames a file or directory; returns whether it existed. */
async function renamed(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

function isTaken(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOTEMPTY' || code === 'EEXIST'
}

async function writing<T>(directory: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof CnbError) throw error
    throw new CnbError('CNB_OUTPUT', `cannot write the cache in ${directory}: ${(error as Error).message}`, {
      cause: error,
      hint: 'Change the owner of the directory to the user who runs cnb; the stock lifecycle changes it to the build user.',
    })
  }
}
