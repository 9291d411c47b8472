/** Package URLs: `pkg:npm/%40scope/name@1.0`. */

import { PackageURL } from 'packageurl-js'

export interface PackageAddress {
  readonly type: string
  /** Type, namespace and name: `npm/@scope/name`. */
  readonly name: string
  readonly version?: string | undefined
}

/** Returns undefined for a text that is not a package URL. */
export function parsePackageUrl(text: string): PackageAddress | undefined {
  try {
    const { type, namespace, name, version } = PackageURL.fromString(text)
    return { type: type ?? '', name: [type, namespace, name].filter((part) => part).join('/'), version: version ?? undefined }
  } catch {
    return undefined
  }
}
