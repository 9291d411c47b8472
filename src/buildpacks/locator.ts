/** Buildpack locators in `--buildpack` and `uri`, with pack's syntax and precedence. */

import { fileURLToPath } from 'node:url'
import { CnbError } from '../base/errors.ts'
import type { AvailableBuildpack } from './order.ts'

export type Locator =
  /** A directory or an archive; relative to the caller's base directory. */
  | { readonly type: 'path'; readonly path: string }
  /** A buildpack of the builder. */
  | { readonly type: 'id'; readonly id: string; readonly version?: string }
  /** `from=builder`: the builder's whole order. */
  | { readonly type: 'builder-order' }

export interface LocatorContext {
  /** Whether a file or directory exists at a path relative to the caller's base directory. */
  exists(path: string): boolean | Promise<boolean>
  /** The builder's buildpacks; undefined without a builder. */
  builder?: readonly AvailableBuildpack[]
}

const FROM_BUILDER = /^(?:urn:cnb:builder|from=builder):(.+)$/
const URI = /^[A-Za-z][A-Za-z0-9+.-]*:\//

/**
 * Parses a locator. A name without a scheme is an existing path, otherwise a buildpack of the builder.
 * @throws CnbError CNB_UNSUPPORTED for locators that cnb cannot fetch, CNB_BUILDPACK_NOT_FOUND, CNB_USAGE
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
  if (text.startsWith('urn:cnb:registry:')) throw unsupported(text, 'the buildpack registry')
  if (text.startsWith('docker:/')) throw unsupported(text, 'a buildpack image')
  if (/^https?:\//.test(text)) throw unsupported(text, 'a download')
  if (text.startsWith('file:')) return { type: 'path', path: pathOfUri(text) }
  if (await context.exists(text)) return { type: 'path', path: text }
  const found = findInBuilder(text, context.builder)
  if (found) return found
  if (URI.test(text)) throw new CnbError('CNB_USAGE', `'${text}' is not a buildpack locator: unknown scheme`, { hint: HINT })
  const or = context.builder ? ', and the builder does not have that buildpack' : ''
  throw notFound(text, context, `cannot find file or directory '${text}'${or}`)
}

const HINT = "Use a directory, a .tar, .tgz or .cnb file, or one of the builder's buildpacks, such as 'cnb/node' or 'cnb/node@1.0.0'."

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
    : `${HINT} Buildpack images and the buildpack registry are not supported yet.`
  return new CnbError('CNB_BUILDPACK_NOT_FOUND', message, { hint })
}

function unsupported(text: string, what: string): CnbError {
  return new CnbError('CNB_UNSUPPORTED', `'${text}' refers to ${what}, which this version of cnb cannot fetch`, {
    hint: 'Download it, and pass the directory, or the .tar, .tgz or .cnb file.',
  })
}
