/** A buildpack from outside the builder, with its files. */

import { CnbError } from '../base/errors.ts'
import type { Layer } from '../images/image.ts'
import { escapeId, type BuildpackDescriptor } from './buildpack-descriptor.ts'
import { formatEntry } from './order.ts'

/**
 * A module from outside the builder. `layer` has its files at `/cnb/buildpacks/<id with / as _>/<version>`, owned by
 * root, from 1980, mode 0755 or 0644: pack's rules, which make digests equal.
 */
export interface Buildpack {
  /** Where it was found, for messages: a path, a URL, or the name of an image. */
  readonly origin: string
  readonly descriptor: BuildpackDescriptor
  readonly layer: Layer
}

/**
 * Returns each module once. @throws CnbError CNB_BUILDPACK_INVALID if two sources have one ID and version with different files
 */
export function uniqueModules(modules: readonly Buildpack[]): Buildpack[] {
  const unique = new Map<string, Buildpack>()
  for (const module of modules) {
    const name = formatEntry(module.descriptor.info)
    const other = unique.get(name)
    if (other && other.layer.diffId !== module.layer.diffId) {
      throw new CnbError('CNB_BUILDPACK_INVALID', `${other.origin} and ${module.origin} have different files for '${name}'`, {
        hint: 'Use one of them, or change the version of one.',
      })
    }
    if (!other) unique.set(name, module)
  }
  return [...unique.values()]
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
