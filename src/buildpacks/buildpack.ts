/** A buildpack that somebody brought, with its files. */

import type { Layer } from '../images/image.ts'
import type { BuildpackDescriptor } from './descriptor.ts'

/**
 * A buildpack read from a directory or an archive. `layer` holds its files at
 * `/cnb/buildpacks/<id with / as _>/<version>`, root's, 1980, 0755 or 0644 (the peer's rules, so that digests agree).
 */
export interface Buildpack {
  /** The absolute path of the directory, archive or descriptor that holds it. */
  readonly origin: string
  readonly descriptor: BuildpackDescriptor
  readonly layer: Layer
}

/** A buildpack's id as a directory name (the lifecycle's EscapeID). */
export function escapeId(id: string): string {
  return id.replaceAll('/', '_')
}
