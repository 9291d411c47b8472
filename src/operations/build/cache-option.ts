/** `--cache`: where layers are kept between builds, in pack's words (its pkg/cache/cache_opts.go). */

import { resolve } from 'node:path'
import { CnbError } from '../../base/errors.ts'
import { parseTag, type Tag } from '../../oci/reference.ts'

export interface CacheOptions {
  /** `type=…;format=…;…` */
  cache?: readonly string[]
  cacheImage?: string
}

/** What the user wants other than the volumes that the image's name gives. */
export interface CacheChoice {
  /** A volume's name. */
  readonly buildVolume?: string
  readonly launchVolume?: string
  /** An absolute path. */
  readonly buildDirectory?: string
  /** An image in a registry. */
  readonly buildImage?: Tag
}

const VOLUME_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/
const HINT = "Use 'type=build;format=volume;name=NAME', 'type=build;format=bind;source=DIRECTORY', or 'type=build;format=image;name=IMAGE'."
const CACHE_IMAGE_HINT = 'Name the cache image by a tag.'

/**
 * What `--cache` and `--cache-image`, which is short for one that is an image, ask for together.
 * @param cwd what a relative source starts from
 * @throws CnbError CNB_USAGE, CNB_REFERENCE_INVALID
 */
export function chooseCache({ cache = [], cacheImage: image }: CacheOptions, cwd: string): CacheChoice {
  const choice = parseCacheOptions(cache, cwd)
  if (image === undefined) return choice
  const { buildVolume, buildDirectory, buildImage } = choice
  if ((buildVolume ?? buildDirectory ?? buildImage) === undefined) return { ...choice, buildImage: parseTag(image, CACHE_IMAGE_HINT) }
  throw new CnbError('CNB_USAGE', '--cache-image and --cache type=build name two caches', { hint: 'Leave one of them out.' })
}

/**
 * The values of all `--cache` options together; a later one takes the place of an earlier one of its type.
 * @param cwd what a relative source starts from
 * @throws CnbError CNB_USAGE, CNB_REFERENCE_INVALID
 */
export function parseCacheOptions(texts: readonly string[], cwd: string): CacheChoice {
  return texts.reduce<CacheChoice>((choice, text) => ({ ...choice, ...parseCacheOption(text, cwd) }), {})
}

function parseCacheOption(text: string, cwd: string): CacheChoice {
  const fail = (why: string): never => {
    throw new CnbError('CNB_USAGE', `--cache '${text}': ${why}`, { hint: HINT })
  }
  const fields = new Map<string, string>()
  for (const part of text.split(';').filter((each) => each !== '')) {
    const at = part.indexOf('=')
    const key = part.slice(0, at).trim().toLowerCase()
    if (at < 0) fail(`'${part}' is not of the form key=value`)
    if (!['type', 'format', 'name', 'source'].includes(key)) fail(`there is no field '${key}'`)
    if (fields.has(key)) fail(`'${key}' is given twice`)
    fields.set(key, part.slice(at + 1).trim())
  }
  const type = fields.get('type') ?? fail('it has no type')
  const format = fields.get('format') ?? fail('it has no format')
  if (type !== 'build' && type !== 'launch') fail(`there is no type '${type}'`)
  if (format === 'image') {
    if (type === 'launch') fail("only the build cache can be an image: launch layers are the app's own")
    if (fields.has('source')) fail('an image has a name and no source')
    return { ...NONE, buildImage: parseTag(fields.get('name') ?? fail('an image needs a name'), CACHE_IMAGE_HINT) }
  }
  if (format === 'volume') {
    const name = fields.get('name') ?? fail('a volume needs a name')
    if (!VOLUME_NAME.test(name)) fail(`'${name}' is not a volume's name`)
    if (fields.has('source')) fail('a volume has a name and no source')
    return type === 'build' ? { ...NONE, buildVolume: name } : { launchVolume: name }
  }
  if (format !== 'bind') fail(`there is no format '${format}'`)
  if (type === 'launch') fail("only the build cache can be a directory: launch layers are the engine's own")
  const source = fields.get('source') ?? fail('a directory needs a source')
  if (source === '') fail('the source is empty')
  // pack keeps both types below one source.
  return { ...NONE, buildDirectory: resolve(cwd, source, 'build-cache') }
}

/** There is one build cache: each option takes the place of another kind. */
const NONE = { buildVolume: undefined, buildDirectory: undefined, buildImage: undefined }

