/** Where a built image goes: `--to` and `--publish`. */

import { resolve } from 'node:path'
import { CnbError } from '../../base/errors.ts'
import { formatLayoutLocation, isLayoutLocation, parseLayoutLocation } from '../../images/oci-layout/layout-location.ts'
import type { LayoutTarget } from '../../images/oci-layout/layout-sink.ts'

export interface TargetOptions {
  to?: readonly string[]
  publish?: boolean
  /** Whether layouts go without the base image's layers. */
  sparse?: boolean
}

export interface ImageTargets {
  /** To the engine, under the image's names. */
  readonly engine: boolean
  /** To the registries that the image's names have in them. */
  readonly registry: boolean
  /** To OCI layouts; their directories are absolute. */
  readonly layouts: readonly LayoutTarget[]
}

export function isEngineOnly({ engine, registry, layouts }: ImageTargets): boolean {
  return engine && !registry && layouts.length === 0
}

/** The places as `--to` names them, directories as absolute paths. */
export function formatTargets({ engine, registry, layouts }: ImageTargets): string[] {
  return [...(engine ? ['engine'] : []), ...(registry ? ['registry'] : []), ...layouts.map(formatLayoutLocation)]
}

const HINT = "Use 'engine', 'registry', 'oci:DIRECTORY', or several of them with commas between."

/**
 * The values of all `--to` options; the engine alone when there is none. `--publish` is another word for `--to registry`.
 * @param cwd what a relative directory starts from
 * @throws CnbError CNB_USAGE, CNB_REFERENCE_INVALID for what names no layout
 */
export function parseTargets({ to = [], publish = false, sparse = false }: TargetOptions, cwd: string): ImageTargets {
  const wanted = [...new Set([...to, ...(publish ? ['registry'] : [])])]
  const layouts = wanted.filter(isLayoutLocation).map((text) => {
    const location = parseLayoutLocation(text)
    return { ...location, directory: resolve(cwd, location.directory), sparse }
  })
  if (sparse && layouts.length === 0) throw new CnbError('CNB_USAGE', '--sparse is for OCI layouts, and there is none', { hint: HINT })
  const unknown = wanted.find((text) => text !== 'engine' && text !== 'registry' && !isLayoutLocation(text))
  if (unknown !== undefined) throw new CnbError('CNB_USAGE', `--to '${unknown}' is no place for an image`, { hint: HINT })
  return { engine: wanted.length === 0 || wanted.includes('engine'), registry: wanted.includes('registry'), layouts }
}
