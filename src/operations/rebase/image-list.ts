/** The image list of a fleet rebase: names, the lines of a file, all tags of a repository. */

import { resolve } from 'node:path'
import { readAtMost } from '../../base/bounded-file.ts'
import { CnbError, type SourcePosition } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { familiarName, formatReference, parseReference, type Reference } from '../../oci/reference.ts'
import { parseNamedFile, readNamedFile, type NamedFile } from '../named-file.ts'
import type { Registries } from '../../registry/registry.ts'

export interface ImageListOptions {
  readonly images: readonly string[]
  /** Repositories; each of their tags is one image. */
  readonly allTags?: readonly string[]
  /** A file with one reference per line, or `-` for the standard input. */
  readonly fromFile?: string
}

export interface ImageListServices {
  readonly cwd: string
  readonly input: AsyncIterable<Buffer>
  /** Lists the tags of repositories. */
  readonly registries?: Registries
}

export interface ListedImage {
  readonly name: string
  /** Whether it comes from a repository's tags; then it may be something other than an app. */
  readonly isFound: boolean
}

/** Tags that represent a digest: signatures, attestations and referrers of an image. */
const DIGEST_TAG = /^sha256-[0-9a-f]{64}(?:\..*)?$/

/**
 * Returns all images without duplicates, in the order of the options.
 * @throws CnbError CNB_REFERENCE_INVALID for an invalid name (in a file with its line), CNB_USAGE for an unreadable file,
 * CNB_IMAGE_NOT_FOUND for a repository without tags, CNB_REGISTRY_*
 */
export async function listImages(options: ImageListOptions, services: ImageListServices, context: Context): Promise<ListedImage[]> {
  const named = [...options.images, ...(options.fromFile === undefined ? [] : await readList(options.fromFile, services, context))]
  const images = new Map<string, ListedImage>()
  for (const name of named) images.set(formatReference(parseReference(name)), { name, isFound: false })
  for (const repository of options.allTags ?? []) {
    const reference = repositoryOf(repository)
    for await (const tag of tagsOf(reference, services.registries, context)) {
      const found = { ...reference, tag }
      const key = formatReference(found)
      if (!images.has(key)) images.set(key, { name: familiarName(found), isFound: true })
    }
  }
  return [...images.values()]
}

/** Enough for several hundred thousand names. */
const MAX_BYTES = 16 * 1024 * 1024

async function readList(path: string, { cwd, input }: ImageListServices, context: Context): Promise<string[]> {
  const file = path === '-' ? await readInput(input) : await readListFile(resolve(cwd, path), cwd, context)
  return parseNamedFile(file, (text) => text.split('\n').flatMap((line, index) => readLine(line, { file: file.shown, line: index + 1 })))
}

async function readInput(input: AsyncIterable<Buffer>): Promise<NamedFile> {
  const shown = 'the standard input'
  const bytes = await readAtMost(input, MAX_BYTES).catch((error: unknown) => {
    if (error instanceof CnbError) throw error
    throw new CnbError('CNB_USAGE', `cannot read the list of images: ${(error as Error).message}`, { cause: error, hint: 'Check the input of --from-file.' })
  })
  return { path: shown, shown, text: bytes.toString('utf8'), leadsOut: false }
}

function readListFile(path: string, cwd: string, context: Context): Promise<NamedFile> {
  return readNamedFile({ path, shown: path, what: `the list of images ${path}` }, 'CNB_USAGE', [cwd], context, { max: MAX_BYTES, pipes: true })
}

function readLine(line: string, position: SourcePosition): string[] {
  const name = line.replace(/(^|\s)#.*$/, '').trim()
  if (name === '') return []
  try {
    parseReference(name)
  } catch (error) {
    if (!(error instanceof CnbError)) throw error
    throw new CnbError(error.code, error.message, { hint: error.hint, position, source: line })
  }
  return [name]
}

function repositoryOf(name: string): Reference {
  const { registry, repository, digest } = parseReference(name)
  if (digest === undefined && !/:[^/]*$/.test(name)) return { registry, repository }
  throw new CnbError('CNB_USAGE', `invalid --all-tags '${name}': expected a repository`, { hint: 'Omit the tag or digest.' })
}

async function* tagsOf(reference: Reference, registries: Registries | undefined, context: Context): AsyncGenerator<string> {
  let isEmpty = true
  for await (const tag of registries?.repository(reference, 'pull').tags(context) ?? []) {
    isEmpty = false
    if (!DIGEST_TAG.test(tag)) yield tag
  }
  if (isEmpty) throw new CnbError('CNB_IMAGE_NOT_FOUND', `the registry has no images in the repository '${familiarName(reference)}'`, { hint: 'Check its name.' })
}
