/**
 * Names of an app's cache volumes, and texts in their labels.
 * They are pack's names, derived from pack's key file, so both tools share one cache (pack, pkg/cache/volume_cache.go).
 */

import { createHash, createHmac, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { readBounded } from '../base/bounded-file.ts'
import { CnbError } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import { writeFileAtomically, writeNewFile } from '../base/files.ts'
import type { Volumes } from '../docker/engine.ts'
import { parseToml, stringifyToml, type TomlTable } from '../formats/toml.ts'
import { contextName, familiarName, parseTag, type Tag } from '../oci/reference.ts'
import type { BuildPlan, CacheVolumes } from './lifecycle.ts'

/** The labels of volumes that outlive a build. */
export const CACHE_LABELS: Readonly<Record<string, string>> = { 'dev.cnb.cache': 'true' }

/** How often a volume is created again that another build creates at the same time. */
const ATTEMPTS = 3

/**
 * Keeps a text in a label of an empty volume: one request reads it, without a container, and no program in a container can change it.
 * Labels cannot be changed, so the volume is created anew; an interruption leaves the old text or none. The last of several builds that do
 * so at the same time determines the text.
 * @throws CnbError CNB_EXPORT_FAILED if other builds do so all the time, CNB_ENGINE_*
 */
export async function replaceLabel(volumes: Pick<Volumes, 'remove' | 'create'>, volume: string, label: string, text: string, context: Context): Promise<void> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    await volumes.remove(volume)
    if (await volumes.create(volume, { ...CACHE_LABELS, [label]: text }, context)) return
  }
  throw new CnbError('CNB_EXPORT_FAILED', `cannot write the cache record: other builds write volume ${volume} at the same time`)
}

/** Names that Windows reserves; pack inserts underscores into them anywhere in a volume's name. */
const RESERVED = ['aux', 'com', 'con', 'lpt', 'nul', 'prn']

/** The sources of the volume key: the environment and the home directory. */
export interface VolumeKeyHost {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly home: string
}

/** Returns the names of all cache volumes of an image: pack's two, and those of the native driver. */
export function cacheVolumes(image: Tag, key: string): CacheVolumes {
  const name = cacheName(image, key)
  return {
    build: `pack-cache-${name}.build`,
    launch: `pack-cache-${name}.launch`,
    layers: `cnb-cache-${name}.layers`,
    record: `cnb-cache-${name}.record`,
    state: `cnb-cache-${name}.state`,
    kaniko: `cnb-cache-${name}.kaniko`,
    app: `cnb-cache-${name}.app`,
    inputs: `cnb-cache-${name}.inputs`,
  }
}

/** Returns the cache of a build, an image, a directory or a volume, as messages about decisions name it. */
export function cachePlace(
  { cacheImage, cacheDirectory, cacheVolumes: { build, layers } }: Pick<BuildPlan, 'cacheImage' | 'cacheDirectory' | 'cacheVolumes'>,
  driver: 'native' | 'stock' = 'native',
): string {
  if (cacheImage) return familiarName(cacheImage)
  return cacheDirectory ?? (driver === 'native' ? layers : build)
}

/** Returns the part that the names of an image's volumes share. */
function cacheName(image: Tag, key: string): string {
  const hash = createHash('sha256').update(fullName(image) + key).digest('hex').slice(0, 12)
  // The readable half omits Docker Hub's host: go-containerregistry's RepositoryStr is only the path.
  const readable = `${image.repository.replaceAll('/', '_')}_${image.tag}`
  return `${breakReserved(readable)}-${hash}`
}

/** The same as go-containerregistry's Reference.Name, which pack uses. */
function fullName(image: Tag): string {
  return `${contextName(image)}:${image.tag}`
}

function breakReserved(name: string): string {
  return RESERVED.reduce((text, word) => text.replaceAll(word, word.split('').join('_')), name)
}

/**
 * Returns the secret that prevents two users of an engine from sharing a cache by accident: `$PACK_VOLUME_KEY`, or the image's entry
 * in `volume-keys.toml`, or a new key that is stored there. New keys are derived from a seed: builds that write the file at the same
 * time, and lose each other's entries, have the same keys the next time.
 * @throws CnbError CNB_DESCRIPTOR_INVALID if the key file is malformed, CNB_OUTPUT if it cannot be written
 */
export async function volumeKey(image: Tag, host: VolumeKeyHost): Promise<string> {
  const fromEnv = host.env['PACK_VOLUME_KEY']
  if (fromEnv) return fromEnv
  const packHome = packHomeOf(host)
  const file = join(packHome, KEYS)
  const name = fullName(image)
  const document = await readKeys(file)
  const keys = keysOf(document)
  const known = keys[name]
  if (typeof known === 'string' && known !== '') return known
  try {
    const key = keyFrom(await seedIn(packHome), name)
    await writeFileAtomically(file, stringifyToml({ ...document, 'volume-keys': { ...keys, [name]: key } }), 0o600)
    return key
  } catch (error) {
    throw new CnbError('CNB_OUTPUT', `cannot write the cache key to ${file}: ${(error as Error).message}`, {
      cause: error,
      hint: 'Set PACK_VOLUME_KEY, or set PACK_HOME to a writable directory.',
    })
  }
}

const KEYS = 'volume-keys.toml'

function packHomeOf({ env, home }: VolumeKeyHost): string {
  return env['PACK_HOME'] || join(home, '.pack')
}

function keysOf(document: TomlTable): TomlTable {
  return (document['volume-keys'] ?? {}) as TomlTable
}

/**
 * Returns the images for which this user has a volume key, by the part that the names of their volumes share.
 * @throws CnbError CNB_DESCRIPTOR_INVALID if the key file is malformed
 */
export async function ownCaches(host: VolumeKeyHost): Promise<Map<string, string>> {
  const fromEnv = host.env['PACK_VOLUME_KEY']
  const found = new Map<string, string>()
  for (const [name, key] of Object.entries(keysOf(await readKeys(join(packHomeOf(host), KEYS))))) {
    const image = tagOf(name)
    for (const each of [key, fromEnv]) if (image && typeof each === 'string' && each !== '') found.set(cacheName(image, each), familiarName(image))
  }
  return found
}

/** Other programs write the file too: a name that cannot be an image has no cache. */
function tagOf(name: string): Tag | undefined {
  try {
    return parseTag(name)
  } catch {
    return undefined
  }
}

/** Returns a key as pack makes it: 20 letters. */
function keyFrom(seed: string, name: string): string {
  const bytes = createHmac('sha256', seed).update(name).digest().subarray(0, 20)
  return String.fromCharCode(...bytes.map((byte) => 97 + (byte % 26)))
}

/** Returns the user's seed; creates it if it is missing. The first of several processes that create it determines it. */
async function seedIn(directory: string): Promise<string> {
  const file = join(directory, 'cnb-volume-seed')
  const read = async (): Promise<string> => (await readBounded(file, { max: MAX_SEED })).toString('utf8').trim()
  const known = await read().catch(() => '')
  if (known !== '') return known
  await writeNewFile(file, `${randomBytes(32).toString('hex')}\n`, 0o600)
  const made = await read()
  if (made === '') throw new Error(`${file} is empty`)
  return made
}

const MAX_SEED = 4096
/** Enough for several hundred thousand images. */
const MAX_BYTES = 16 * 1024 * 1024

async function readKeys(file: string): Promise<TomlTable> {
  try {
    return parseToml((await readBounded(file, { max: MAX_BYTES })).toString('utf8'), file)
  } catch (error) {
    if (error instanceof CnbError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return {}
    throw new CnbError('CNB_DESCRIPTOR_INVALID', `cannot read the cache keys in ${file}: ${message}`, { position: { file }, cause: error })
  }
}
