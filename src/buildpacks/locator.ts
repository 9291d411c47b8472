/** Buildpack locators in `--buildpack` and `uri`, with pack's syntax and precedence. */

import { fileURLToPath } from 'node:url'
import { CnbError } from '../base/errors.ts'
import { shownAddress } from '../formats/shown-address.ts'
import { parseReference } from '../oci/reference.ts'
import type { AvailableBuildpack } from './order.ts'

export type Locator =
  /** A directory or an archive; relative to the caller's base directory. */
  | { readonly type: 'path'; readonly path: string }
  /** A module of the builder. */
  | { readonly type: 'id'; readonly id: string; readonly version?: string }
  /** `from=builder`: the builder's whole order. */
  | { readonly type: 'builder-order' }
  /** A package: `docker://name`, or an image's name. */
  | ImageLocator
  /** An archive to download. */
  | { readonly type: 'url'; readonly url: string }
  /** An entry of a buildpack registry. */
  | RegistryLocator

/** A name without a scheme, which is not a path and not in the builder: it may be a mistake. */
interface Guess {
  readonly guessed?: true
}

export interface ImageLocator extends Guess {
  readonly type: 'image'
  readonly reference: string
}

export interface RegistryLocator extends Guess {
  readonly type: 'registry'
  /** `namespace/name` */
  readonly id: string
  /** Default: the newest. */
  readonly version?: string
}

/** A locator that does not refer to the builder. */
export type ExternalLocator = Exclude<Locator, { type: 'id' | 'builder-order' }>

export interface LocatorContext {
  /** Whether a file or directory exists at a path relative to the caller's base directory. */
  exists(path: string): boolean | Promise<boolean>
  /** The builder's modules of the same kind; undefined without a builder. */
  builder?: readonly AvailableBuildpack[]
}

const FROM_BUILDER = /^(?:urn:cnb:builder|from=builder):(.+)$/
const FROM_REGISTRY = 'urn:cnb:registry:'
const IMAGE = /^docker:\/{1,2}/
const URI = /^[A-Za-z][A-Za-z0-9+.-]*:\//
/** `namespace/name`, optionally with a semantic version: pack searches such a name in the registry, even if it could be an image. */
const REGISTRY_ID = /^[a-z0-9.-]+\/[a-z0-9.-]+(?:@\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]+)?)?$/

/**
 * Parses a locator. A name without a scheme is an existing path, otherwise a module of the builder, otherwise an entry of the buildpack
 * registry if it has the form `namespace/name`, otherwise the name of an image (pack's order, pkg/buildpack/locator_type.go).
 * @throws CnbError CNB_BUILDPACK_NOT_FOUND, CNB_REFERENCE_INVALID for an invalid image name, CNB_USAGE
 */
export async function parseLocator(text: string, context: LocatorContext): Promise<Locator> {
  if (text === '') throw new CnbError('CNB_USAGE', 'a buildpack locator is empty', { hint: HINT })
  if (text === 'from=builder') return { type: 'builder-order' }
  const fromBuilder = FROM_BUILDER.exec(text)?.[1]
  if (fromBuilder !== undefined) {
    const found = findInBuilder(fromBuilder, context.builder)
    if (found) return found
    throw notFound(fromBuilder, context, `the builder has no buildpack '${fromBuilder}'`)
  }
  if (text.startsWith(FROM_REGISTRY)) return registryEntry(text.slice(FROM_REGISTRY.length))
  if (IMAGE.test(text)) return imageOf(text.replace(IMAGE, ''))
  if (/^https?:\/\//.test(text)) return { type: 'url', url: checkedUrl(text) }
  if (text.startsWith('file:')) return { type: 'path', path: pathOfUri(text) }
  if (await context.exists(text)) return { type: 'path', path: text }
  const found = findInBuilder(text, context.builder)
  if (found) return found
  if (URI.test(text)) throw new CnbError('CNB_USAGE', `'${text}' is not a buildpack locator: unknown scheme`, { hint: HINT })
  const or = context.builder ? ', and the builder does not have that buildpack' : ''
  const missing = (): CnbError => notFound(text, context, `cannot find file or directory '${text}'${or}`)
  // A path, and another version of a buildpack that the builder has, are more likely mistakes than images.
  if (/^[./~]/.test(text) || /\.(?:cnb|tar|tgz|tar\.gz)$/.test(text) || hasOtherVersion(text, context.builder)) throw missing()
  if (REGISTRY_ID.test(text)) return { ...registryEntry(text), guessed: true }
  try {
    return { ...imageOf(text), guessed: true }
  } catch {
    throw missing()
  }
}

const HINT = "Use a directory, a .tar, .tgz or .cnb file, a URL of one, docker://IMAGE, urn:cnb:registry:NAMESPACE/NAME, or one of the builder's buildpacks, such as 'cnb/node@1.0.0'."

function registryEntry(text: string): RegistryLocator {
  const { id, version } = parseBuildpackId(text)
  if (/^[^/]+\/[^/]+$/.test(id)) return { type: 'registry', id, version }
  throw new CnbError('CNB_USAGE', `'${text}' is not an entry of a buildpack registry`, { hint: 'Use urn:cnb:registry:NAMESPACE/NAME or urn:cnb:registry:NAMESPACE/NAME@VERSION.' })
}

function imageOf(reference: string): ImageLocator {
  parseReference(reference)
  return { type: 'image', reference }
}

function checkedUrl(text: string): string {
  if (URL.canParse(text)) return text
  throw new CnbError('CNB_USAGE', `'${shownAddress(text)}' is not a URL`, { hint: HINT })
}

/** Splits `id@version`. */
function parseBuildpackId(text: string): { id: string; version?: string } {
  const at = text.lastIndexOf('@')
  return at <= 0 ? { id: text } : { id: text.slice(0, at), ...(at + 1 < text.length ? { version: text.slice(at + 1) } : {}) }
}

function findInBuilder(text: string, builder: LocatorContext['builder']): Locator | undefined {
  const wanted = parseBuildpackId(text)
  const known = builder?.some(({ id, version }) => id === wanted.id && (wanted.version === undefined || version === wanted.version))
  return known ? { type: 'id', ...wanted } : undefined
}

function hasOtherVersion(text: string, builder: LocatorContext['builder']): boolean {
  const wanted = parseBuildpackId(text)
  return builder?.some(({ id }) => id === wanted.id) ?? false
}

/** Converts a `file:` URI to a path; returns other text unchanged. @throws CnbError CNB_USAGE */
export function pathOfUri(uri: string): string {
  if (!uri.startsWith('file:')) return uri
  try {
    return fileURLToPath(uri)
  } catch (cause) {
    throw new CnbError('CNB_USAGE', `'${uri}' is not a file locator: ${(cause as Error).message}`, {
      hint: 'Use file:///absolute/path, or the path alone.',
      cause,
    })
  }
}

function notFound(text: string, { builder }: LocatorContext, message: string): CnbError {
  const { id } = parseBuildpackId(text)
  const versions = (builder ?? []).filter((buildpack) => buildpack.id === id).map(({ version }) => version)
  const hint = versions.length > 0
    ? `Use one of its versions in the builder: ${versions.join(', ')}.`
    : HINT
  return new CnbError('CNB_BUILDPACK_NOT_FOUND', message, { hint })
}
