/** Parser of --cache, in pack's syntax (pack's pkg/cache/cache_opts.go), --cache-image, --cache-key. */

import { resolve } from 'node:path'
import { CnbError } from '../../base/errors.ts'
import { parseTag, type Tag } from '../../oci/reference.ts'
import { VOLUME_NAME } from './build-values.ts'

export interface CacheOptions {
  /** `type=…;format=…;…` */
  cache?: readonly string[]
  cacheImage?: string
  cacheKey?: string
}

/** The caches that the user chose instead of the default volumes. */
export interface CacheChoice {
  /** The name of a volume. */
  readonly buildVolume?: string
  readonly launchVolume?: string
  /** An absolute path. */
  readonly buildDirectory?: string
  /** The name of an image in a registry. */
  readonly buildImage?: Tag
  /** The name from which the default volumes have theirs, instead of the image. */
  readonly key?: Tag
}

const HINT = "Use 'type=build;format=volume;name=NAME', 'type=build;format=bind;source=DIRECTORY', or 'type=build;format=image;name=IMAGE'."
const CACHE_IMAGE_HINT = 'Use a tag for the cache image.'

/**
 * Returns the caches of `--cache`, `--cache-image`, a short form of a `--cache` with `format=image`, and `--cache-key`.
 * @param cwd the base directory of a relative source
 * @throws CnbError CNB_USAGE, CNB_REFERENCE_INVALID
 */
export function chooseCache({ cache = [], cacheImage: image, cacheKey: key }: CacheOptions, cwd: string): CacheChoice {
  const choice = parseCacheOptions(cache, cwd)
  const { buildVolume, buildDirectory, buildImage } = choice
  const given = [
    ...(image === undefined ? [] : ['--cache-image']),
    ...(key === undefined ? [] : ['--cache-key']),
    ...((buildVolume ?? buildDirectory ?? buildImage) === undefined ? [] : ['--cache type=build']),
  ]
  if (given.length > 1) throw new CnbError('CNB_USAGE', `${given.join(' and ')} exclude each other`, { hint: 'Remove one of them.' })
  if (key !== undefined) return { ...choice, key: parseCacheKey(key) }
  return image === undefined ? choice : { ...choice, buildImage: parseTag(image, CACHE_IMAGE_HINT) }
}

/** Parses a `--cache-key` value: a word that is part of the names of volumes. */
function parseCacheKey(key: string): Tag {
  if (/^[a-z0-9]+([._-][a-z0-9]+)*$/.test(key) && key.length <= 100) return parseTag(`cache-key/${key}`)
  throw new CnbError('CNB_USAGE', `invalid --cache-key '${key}': expected a name`, { hint: "Use lower case letters, digits, and single dots, hyphens or underscores between them, such as 'web-main'." })
}

/**
 * Parses the values of all `--cache` options. A later one replaces an earlier one of the same type.
 * @param cwd the base directory of a relative source
 * @throws CnbError CNB_USAGE, CNB_REFERENCE_INVALID
 */
export function parseCacheOptions(texts: readonly string[], cwd: string): CacheChoice {
  return texts.reduce<CacheChoice>((choice, text) => ({ ...choice, ...parseCacheOption(text, cwd) }), {})
}

function parseCacheOption(text: string, cwd: string): CacheChoice {
  const fail = (why: string): never => {
    throw new CnbError('CNB_USAGE', `invalid --cache '${text}': ${why}`, { hint: HINT })
  }
  const fields = new Map<string, string>()
  for (const part of text.split(';').filter((each) => each !== '')) {
    const at = part.indexOf('=')
    const key = part.slice(0, at).trim().toLowerCase()
    if (at < 0) fail(`'${part}' is not in the form key=value`)
    if (!['type', 'format', 'name', 'source'].includes(key)) fail(`unknown field '${key}'`)
    if (fields.has(key)) fail(`duplicate field '${key}'`)
    fields.set(key, part.slice(at + 1).trim())
  }
  const type = fields.get('type') ?? fail('the type is missing')
  const format = fields.get('format') ?? fail('the format is missing')
  if (type !== 'build' && type !== 'launch') fail(`unknown type '${type}'`)
  if (format === 'image') {
    if (type === 'launch') fail('only the build cache can be an image; launch layers are in the app image')
    if (fields.has('source')) fail('an image has a name, not a source')
    return { ...NONE, buildImage: parseTag(fields.get('name') ?? fail('an image needs a name'), CACHE_IMAGE_HINT) }
  }
  if (format === 'volume') {
    const name = fields.get('name') ?? fail('a volume needs a name')
    if (!VOLUME_NAME.test(name)) fail(`'${name}' is not a valid volume name`)
    if (fields.has('source')) fail('a volume has a name, not a source')
    return type === 'build' ? { ...NONE, buildVolume: name } : { launchVolume: name }
  }
  if (format !== 'bind') fail(`unknown format '${format}'`)
  if (type === 'launch') fail('only the build cache can be a directory; launch layers are on the engine')
  const source = fields.get('source') ?? fail('a directory needs a source')
  if (source === '') fail('the source is empty')
  // pack stores both types in subdirectories of the source.
  return { ...NONE, buildDirectory: resolve(cwd, source, 'build-cache') }
}

/** A build has one build cache: each option replaces the other kinds. */
const NONE = { buildVolume: undefined, buildDirectory: undefined, buildImage: undefined }

