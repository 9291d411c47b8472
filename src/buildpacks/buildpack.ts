/** A buildpack that somebody brought, with its files. */

import { CnbError } from '../base/errors.ts'
import type { Layer } from '../images/image.ts'
import { escapeId, type BuildpackDescriptor } from './descriptor.ts'

/**
 * A buildpack read from a directory or an archive. `layer` holds its files at
 * `/cnb/buildpacks/<id with / as _>/<version>`, root's, 1980, 0755 or 0644 (pack's rules, so that digests agree).
 */
export interface Buildpack {
  /** The absolute path of the directory, archive or descriptor that holds it. */
  readonly origin: string
  readonly descriptor: BuildpackDescriptor
  readonly layer: Layer
}

/**
 * Sees that no two buildpacks would be in one directory, as `a/b` and `a_b` would.
 * @throws CnbError CNB_BUILDPACK_INVALID
 */
export function checkDirectories(infos: Iterable<{ readonly id: string }>): void {
  const ids = new Map<string, string>()
  for (const { id } of infos) {
    const other = ids.get(escapeId(id)) ?? id
    if (other !== id) {
      throw new CnbError('CNB_BUILDPACK_INVALID', `the buildpacks '${other}' and '${id}' have the same directory, '${escapeId(id)}'`, {
        hint: 'Leave one of them out, or change its id.',
      })
    }
    ids.set(escapeId(id), id)
  }
}
