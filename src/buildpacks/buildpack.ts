/** A buildpack from outside the builder, with its files. */

import { CnbError } from '../base/errors.ts'
import type { Layer } from '../images/image.ts'
import { escapeId, type BuildpackDescriptor } from './buildpack-descriptor.ts'

/**
 * A buildpack read from a directory or an archive. `layer` has its files at `/cnb/buildpacks/<id with / as _>/<version>`, owned by
 * root, from 1980, mode 0755 or 0644: pack's rules, which make digests equal.
 */
export interface Buildpack {
  /** The absolute path of its directory, archive or descriptor. */
  readonly origin: string
  readonly descriptor: BuildpackDescriptor
  readonly layer: Layer
}

/**
 * Checks that no two buildpacks have the same directory, as `a/b` and `a_b` would.
 * @throws CnbError CNB_BUILDPACK_INVALID
 */
export function checkDirectories(infos: Iterable<{ readonly id: string }>): void {
  const ids = new Map<string, string>()
  for (const { id } of infos) {
    const other = ids.get(escapeId(id)) ?? id
    if (other !== id) {
      throw new CnbError('CNB_BUILDPACK_INVALID', `the buildpacks '${other}' and '${id}' have the same directory, '${escapeId(id)}'`, {
        hint: 'Remove one of them, or change its id.',
      })
    }
    ids.set(escapeId(id), id)
  }
}
