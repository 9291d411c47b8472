/** The content of a cache directory, with the times of the last use. */

import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { hexOf, type Digest } from '../../oci/digest.ts'
import { Facts } from './facts.ts'

/** A file takes at least one block of a disk. */
const BLOCK = 4096
/** The folder of the clones, with a folder for each registry (buildpacks/registry/index-repository.ts). */
export const CLONES = 'registries'
/** The kind of the facts that record the uses of caches on engines (operations/cache/cache-uses.ts). */
export const USES = 'uses'

export interface CacheEntry {
  readonly kind: 'downloads' | 'registries' | 'facts' | 'uses' | 'digests'
  readonly paths: readonly string[]
  readonly bytes: number
  /** Milliseconds since 1970. */
  readonly used: number
}

/**
 * Returns the downloads, clones of buildpack registries, and facts in the cache directory `root`. Never throws: files may disappear at any time.
 * @param kept the content of this run, which is in use
 */
export async function cacheEntries(root: string, kept: ReadonlySet<Digest> = new Set()): Promise<CacheEntry[]> {
  return [...(await contentEntries(root, kept)), ...(await cloneEntries(root)), ...(await factEntries(root))]
}

/** Returns the files with the digests of apps' files, which another walk of the app makes again. */
export async function digestEntries(root: string): Promise<CacheEntry[]> {
  return fileEntries(join(root, 'stat'), 'digests')
}

/** Each file with the fact that it is verified: the time of the fact's file is the last use. */
async function contentEntries(root: string, used: ReadonlySet<Digest>): Promise<CacheEntry[]> {
  const facts = new Facts(join(root, 'facts'))
  const kept = new Set([...used].map(hexOf))
  const entries = (await namesIn(join(root, 'blobs/sha256'))).map(async (name): Promise<CacheEntry | undefined> => {
    const path = join(root, 'blobs/sha256', name)
    const fact = facts.pathOf('verified', `sha256:${name}`)
    const [stats, factStats] = await Promise.all([path, fact].map((each) => lstat(each).catch(() => undefined)))
    if (!stats) return undefined
    const bytes = Math.max(stats.size, BLOCK) + BLOCK
    return { kind: 'downloads', paths: [path, fact], bytes, used: kept.has(name) ? Infinity : Math.max(factStats?.mtimeMs ?? 0, stats.mtimeMs) }
  })
  return (await Promise.all(entries)).filter((entry) => entry !== undefined)
}

/** Each clone of a buildpack registry. The time of the fact with the registry's commit, in a file of the same name, is the last use. */
async function cloneEntries(root: string): Promise<CacheEntry[]> {
  const folders = await namesIn(join(root, CLONES))
  const entries = folders.map(async (name) => {
    const fact = await timeOf(join(root, 'facts/registry', `${name}.json`))
    const paths = (await namesIn(join(root, CLONES, name))).map((clone) => join(root, CLONES, name, clone))
    return Promise.all(
      paths.map(async (path): Promise<CacheEntry> => ({ kind: 'registries', paths: [path], bytes: await bytesBelow(path), used: Math.max(fact, await timeOf(path)) })),
    )
  })
  return (await Promise.all(entries)).flat()
}

/** Returns the size of a directory's files in whole blocks. */
async function bytesBelow(directory: string): Promise<number> {
  const files = await readdir(directory, { recursive: true }).catch(() => [])
  const sizes = await Promise.all(files.map(async (file) => lstat(join(directory, file)).then(({ size }) => Math.max(size, BLOCK), () => 0)))
  return sizes.reduce((sum, size) => sum + size, BLOCK)
}

async function factEntries(root: string): Promise<CacheEntry[]> {
  const folders = (await namesIn(join(root, 'facts'))).filter((kind) => kind !== 'verified')
  return (await Promise.all(folders.map((kind) => fileEntries(join(root, 'facts', kind), kind === USES ? USES : 'facts')))).flat()
}

async function fileEntries(folder: string, kind: CacheEntry['kind']): Promise<CacheEntry[]> {
  return Promise.all(
    (await namesIn(folder)).map(async (name): Promise<CacheEntry> => {
      const path = join(folder, name)
      const stats = await lstat(path).catch(() => undefined)
      return { kind, paths: [path], bytes: Math.max(stats?.size ?? 0, BLOCK), used: stats?.mtimeMs ?? 0 }
    }),
  )
}

/** Returns the time of the last change; 0 for a missing file. */
async function timeOf(path: string): Promise<number> {
  return lstat(path).then(({ mtimeMs }) => mtimeMs, () => 0)
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => [])
}
