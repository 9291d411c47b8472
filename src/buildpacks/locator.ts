/** What `--buildpack` and the `uri` of a descriptor point at (pack's locators in pack's precedence: its pkg/buildpack/locator_type.go). */

import { fileURLToPath } from 'node:url'
import { CnbError } from '../base/errors.ts'
import type { AvailableBuildpack } from './order.ts'

export type Locator =
  /** A directory or an archive; relative to whatever the caller's base is. */
  | { readonly type: 'path'; readonly path: string }
  /** One that the builder has. */
  | { readonly type: 'id'; readonly id: string; readonly version?: string }
  /** `from=builder`: the builder's whole order. */
  | { readonly type: 'builder-order' }

export interface LocatorContext {
  /** Whether there is a file or directory of that name, seen from the caller's base. */
  exists(path: string): boolean | Promise<boolean>
  /** What the builder has; undefined where there is no builder to take a buildpack from. */
  builder?: readonly AvailableBuildpack[]
}

const FROM_BUILDER = /^(?:urn:cnb:builder|from=builder):(.+)$/
const URI = /^[A-Za-z][A-Za-z0-9+.-]*:\//

/**
 * Reads a locator. A name without a scheme is the path that exists, before the builder's buildpack of that id.
 * @throws CnbError CNB_UNSUPPORTED for what this release cannot fetch, CNB_BUILDPACK_NOT_FOUND, CNB_USAGE
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
  if (URI.test(text)) throw new CnbError('CNB_USAGE', `'${text}' is not a buildpack locator: its scheme is unknown`, { hint: HINT })
  const or = context.builder ? ', and the builder has no such buildpack' : ''
  throw notFound(text, context, `there is no file or directory '${text}'${or}`)
}

const HINT = "Give a directory, a .tar, .tgz or .cnb file, or one of the builder's buildpacks, such as 'cnb/node' or 'cnb/node@1.0.0'."

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

/** The path of a `file:` uri; what is no uri is a path already. @throws CnbError CNB_USAGE */
export function pathOfUri(uri: string): string {
  if (!uri.startsWith('file:')) return uri
  try {
    return fileURLToPath(uri)
  } catch (cause) {
    throw new CnbError('CNB_USAGE', `'${uri}' is not a file locator: ${(cause as Error).message}`, {
      hint: 'Write file:///absolute/path, or the path alone.',
      cause,
    })
  }
}

function notFound(text: string, { builder }: LocatorContext, message: string): CnbError {
  const { id } = parseBuildpackId(text)
  const versions = (builder ?? []).filter((buildpack) => buildpack.id === id).map(({ version }) => version)
  const hint = versions.length > 0
    ? `The builder has ${id} in: ${versions.join(', ')}.`
    : `${HINT} Buildpack images and the buildpack registry are not supported yet.`
  return new CnbError('CNB_BUILDPACK_NOT_FOUND', message, { hint })
}

function unsupported(text: string, what: string): CnbError {
  return new CnbError('CNB_UNSUPPORTED', `'${text}' names ${what}, which this version of cnb cannot fetch`, {
    hint: 'Fetch it yourself, and give the directory, or the .tar, .tgz or .cnb file.',
  })
}
