/** Where a built image goes: `--to` and `--publish`. */

import { CnbError } from '../base/errors.ts'

export interface ImageTargets {
  /** To the engine, under the image's names. */
  readonly engine: boolean
  /** To the registries that the image's names have in them. */
  readonly registry: boolean
  /** To OCI layouts: what follows `oci:`. */
  readonly layouts: readonly string[]
}

export function isEngineOnly({ engine, registry, layouts }: ImageTargets): boolean {
  return engine && !registry && layouts.length === 0
}

const HINT = "Use 'engine', 'registry', 'oci:DIRECTORY', or several of them with commas between."

/**
 * The values of all `--to` options; the engine alone when there is none. `--publish` is another word for `--to registry`.
 * @throws CnbError CNB_USAGE
 */
export function parseTargets(to: readonly string[] = [], publish = false): ImageTargets {
  const wanted = [...new Set([...to, ...(publish ? ['registry'] : [])])]
  const layouts = wanted.filter((text) => text.startsWith('oci:')).map((text) => text.slice('oci:'.length))
  if (layouts.includes('')) throw new CnbError('CNB_USAGE', "--to 'oci:' names no directory", { hint: HINT })
  const unknown = wanted.find((text) => text !== 'engine' && text !== 'registry' && !text.startsWith('oci:'))
  if (unknown !== undefined) throw new CnbError('CNB_USAGE', `--to '${unknown}' is no place for an image`, { hint: HINT })
  return { engine: wanted.length === 0 || wanted.includes('engine'), registry: wanted.includes('registry'), layouts }
}
