/** Reduces the cache to its budget: least recently used first. */

import { lstat, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { hexOf, type Digest } from '../../oci/digest.ts'
import { Facts } from './facts.ts'
import { removeAbandoned } from './unfinished-file.ts'

/** In milliseconds. Another process may have content in use that was found in this time. */
const IN_USE = 60 * 60 * 1000
/** A file takes at least one block of a disk. */
const BLOCK = 4096
/** The folder of the clones, with a folder for each registry (buildpacks/registry/index-repository.ts). */
export const CLONES = 'registries'

interface Entry {
  readonly paths: readonly string[]
  readonly bytes: number
  /** Milliseconds since 1970. */
  readonly used: number
}

/**
 * Removes content, clones and facts until the rest fits into `budget` bytes; entries of the last hour stay. Also removes unfinished files of
 * killed processes. Never throws: files may disappear at any time.
 * @param used the content of this run, which stays
 */
export async function evict(root: string, budget: number, used: ReadonlySet<Digest>): Promise<void> {
  await removeAbandoned(join(root, 'unfinished'))
  const entries = [...(await contentEntries(root, used)), ...(await cloneEntries(root)), ...(await factEntries(root))]
  let total = entries.reduce((sum, { bytes }) => sum + bytes, 0)
  const now = Date.now()
  for (const entry of entries.sort((a, b) => a.used - b.used)) {
    if (total <= budget || now - entry.used < IN_USE) return
    for (const path of entry.paths) await rm(path, { recursive: true, force: true }).catch(() => {})
    total -= entry.bytes
  }
}

/** Each file with the fact that it is verified: the time of the fact's file is the last use. */
async function contentEntries(root: string, used: ReadonlySet<Digest>): Promise<Entry[]> {
  const facts = new Facts(join(root, 'facts'))
  const kept = new Set([...used].map(hexOf))
  const entries = (await namesIn(join(root, 'blobs/sha256'))).map(async (name): Promise<Entry | undefined> => {
    const path = join(root, 'blobs/sha256', name)
    const fact = facts.pathOf('verified', `sha256:${name}`)
    const [stats, factStats] = await Promise.all([path, fact].map((each) => lstat(each).catch(() => undefined)))
    if (!stats) return undefined
    const bytes = Math.max(stats.size, BLOCK) + BLOCK
    return { paths: [path, fact], bytes, used: kept.has(name) ? Infinity : Math.max(factStats?.mtimeMs ?? 0, stats.mtimeMs) }
  })
  return (await Promise.all(entries)).filter((entry) => entry !== undefined)
}

/** Each clone of a buildpack registry. The time of the fact with the registry's commit, in a file of the same name, is the last use. */
async function cloneEntries(root: string): Promise<Entry[]> {
  const folders = await namesIn(join(root, CLONES))
  const entries = folders.map(async (name) => {
    const fact = await timeOf(join(root, 'facts/registry', `${name}.json`))
    const paths = (await namesIn(join(root, CLONES, name))).map((clone) => join(root, CLONES, name, clone))
    return Promise.all(
      paths.map(async (path): Promise<Entry> => ({ paths: [path], bytes: await bytesBelow(path), used: Math.max(fact, await timeOf(path)) })),
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

async function factEntries(root: string): Promise<Entry[]> {
  const folders = (await namesIn(join(root, 'facts'))).filter((kind) => kind !== 'verified')
  const entries = folders.map(async (kind) => {
    const folder = join(root, 'facts', kind)
    const paths = (await namesIn(folder)).map((name) => join(folder, name))
    return Promise.all(
      paths.map(async (path): Promise<Entry> => ({ paths: [path], bytes: BLOCK, used: await timeOf(path) })),
    )
  })
  return (await Promise.all(entries)).flat()
}

/** Returns the time of the last change; 0 for a missing file. */
async function timeOf(path: string): Promise<number> {
  return lstat(path).then(({ mtimeMs }) => mtimeMs, () => 0)
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => [])
}
