/** Where a builder's lifecycle comes from: `[lifecycle]` of builder.toml, or an image. */

import { CnbError } from '../../base/errors.ts'
import type { FieldReader } from '../../formats/field-reader.ts'
import { formatPlatform, type Platform } from '../../oci/platform.ts'
import { parseReference } from '../../oci/reference.ts'

export type LifecycleLocation =
  /** A directory or an archive: a path or a `file:` URI. */
  | { readonly type: 'path'; readonly uri: string }
  | { readonly type: 'url'; readonly url: string }
  /** A release of buildpacks/lifecycle. */
  | { readonly type: 'version'; readonly version: string }
  | { readonly type: 'image'; readonly reference: string }

/** The newest release that the tests cover; the default of pack 0.40. */
const DEFAULT_VERSION = '0.21.0'
const VERSION = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(-[0-9A-Za-z.-]+)?$/

/**
 * Reads `[lifecycle]`, which has a `uri`, a `version` or an `image`.
 * @param root the document
 * @returns undefined if none of them is set
 * @throws the document's error
 */
export function readLifecycleLocation(root: FieldReader): LifecycleLocation | undefined {
  const lifecycle = root.table('lifecycle')
  if (!lifecycle) return undefined
  const [uri, version, image] = ['uri', 'version', 'image'].map((key) => lifecycle.string(key))
  lifecycle.rejectUnknown()
  const [first, second] = Object.entries({ version, uri, image }).flatMap(([key, value]) => (value ? [key] : []))
  if (first && second) throw lifecycle.error(first, `'lifecycle' has both '${first}' and '${second}'`)
  if (version) return { type: 'version', version: normalVersion(version, lifecycle) }
  if (image) return imageLocation(image, lifecycle, 'image')
  if (!uri) return undefined
  if (/^https?:\//.test(uri)) return { type: 'url', url: uri }
  return uri.startsWith('docker:/') ? imageLocation(uri.replace(/^docker:\/+/, ''), lifecycle, 'uri') : { type: 'path', uri }
}

/** Returns the location without any setting. */
export function defaultLifecycle(): LifecycleLocation {
  return { type: 'version', version: DEFAULT_VERSION }
}

/** Returns the short form for messages. */
export function formatLocation(location: LifecycleLocation): string {
  if (location.type === 'version') return `version ${location.version}`
  return location.type === 'path' ? location.uri : location.type === 'url' ? location.url : `docker://${location.reference}`
}

function normalVersion(text: string, lifecycle: FieldReader): string {
  const [whole, major, minor = '0', patch = '0', rest = ''] = VERSION.exec(text) ?? []
  if (whole !== undefined) return `${major}.${minor}.${patch}${rest}`
  throw lifecycle.error('version', `'${text}' is not a version of the lifecycle`, "Write a version such as '0.21.0'.")
}

function imageLocation(reference: string, lifecycle: FieldReader, key: string): LifecycleLocation {
  try {
    parseReference(reference)
  } catch (error) {
    const { message, hint } = error as CnbError
    throw lifecycle.error(key, message, hint)
  }
  return { type: 'image', reference }
}

/** The names of architectures in the file names of releases, by Go's names. */
const RELEASED: ReadonlyMap<string, string> = new Map([['amd64', 'x86-64'], ['arm64', 'arm64'], ['ppc64le', 'ppc64le'], ['s390x', 's390x']])

/**
 * Returns the address of a release's archive, as in pack (pkg/client/create_builder.go).
 * @throws CnbError CNB_PLATFORM_MISMATCH for a platform without a release: pack would use the one for amd64
 */
export function releaseUrl(version: string, platform: Platform): string {
  const name = RELEASED.get(platform.architecture)
  if (platform.os !== 'linux' || name === undefined) {
    throw new CnbError('CNB_PLATFORM_MISMATCH', `cannot download the lifecycle: buildpacks/lifecycle has no release for ${formatPlatform(platform)}`, {
      hint: 'Set [lifecycle] uri or image to a lifecycle for this platform.',
    })
  }
  return `https://github.com/buildpacks/lifecycle/releases/download/v${version}/lifecycle-v${version}+linux.${name}.tgz`
}
