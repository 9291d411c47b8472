/**
 * A cache in a directory of the host (`--cache type=build;format=bind;source=DIR`), in the stock lifecycle's layout, so that each
 * of the two finds what the other left (lifecycle cache/volume_cache.go): `committed/` has one metadata file and layers' tars.
 */

import { constants, createReadStream } from 'node:fs'
import { link, lstat, mkdir, mkdtemp, open, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import type { Digest } from '../../../oci/digest.ts'
import { CACHE_METADATA, type CacheMetadata, writeCacheMetadata } from './cache-metadata.ts'
import { checkCacheFile, type LayerTars } from './layer-tars.ts'
import { writeTarFile } from './tar-file.ts'

/** The stock lifecycle removes `staging` whenever it opens a cache; each of our runs has a directory of its own in it. */
const STAGING = 'staging'
const COMMITTED = 'committed'
/** Left by a run that was killed: no build takes as long. */
const ABANDONED_MS = 24 * 60 * 60 * 1000

/** The cache as it is; every reading finds the last whole one that was committed. */
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
      return file && createReadStream('', { fd: file.handle, signal })
    },
  }
}

interface OpenFile extends AsyncDisposable {
  readonly handle: Awaited<ReturnType<typeof open>>
  readonly size: number
}

/** No links, and no waiting for the other end of a FIFO. @throws CnbError CNB_RESTORE_FAILED when it is there and cannot be read */
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
    throw new CnbError('CNB_RESTORE_FAILED', `cannot read the cache: ${message}`, { cause: error, hint: 'Check who may read it.' })
  }
}

/** The next content of a cache directory. Leaving the scope of `await using` without `commit` leaves the cache as it was. */
export interface CacheWriter extends AsyncDisposable {
  /**
   * Takes the layer over from the cache as it is, or from `content`, which is called only if it is not there.
   * @throws CnbError CNB_EXPORT_FAILED when the content is not the layer's, CNB_OUTPUT when it cannot be written
   */
  add(diffId: Digest, content: () => Promise<Readable>, context: Context): Promise<void>
  /** Puts all that was added in the place of the cache. Of two writers at once, one wins whole. */
  commit(metadata: CacheMetadata): Promise<void>
}

/**
 * Makes the directory where it is missing.
 * @param anew whether no layer is taken over from the cache as it is
 * @throws CnbError CNB_OUTPUT
 */
export async function openCacheWriter(directory: string, { anew }: { readonly anew: boolean } = { anew: false }): Promise<CacheWriter> {
  return writing(directory, async () => {
    const staging = join(directory, STAGING)
    await mkdir(staging, { recursive: true })
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
    // Two layers of one build may be the same.
    if (this.#added.has(diffId)) return
    this.#added.add(diffId)
    const name = `${diffId}.tar`
    await writing(this.#directory, async () => {
      if (!this.#anew && (await this.#reuse(name))) return
      await writeTarFile(await content(), join(this.#new, name), diffId, context)
    })
  }

  /** A link costs nothing; whoever restores the layer checks it anyway. */
  async #reuse(name: string): Promise<boolean> {
    try {
      const stats = await lstat(join(this.#committed, name))
      if (!stats.isFile()) return false
      await link(join(this.#committed, name), join(this.#new, name))
      return true
    } catch {
      // No such file, another owner's, or no links on this disk: it is written.
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
        // Another writer was quicker, and its cache is whole.
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

/** Whether there was anything to rename. */
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
      hint: 'Give the directory to whoever runs cnb; a build with the stock lifecycle makes it the build user\'s.',
    })
  }
}
