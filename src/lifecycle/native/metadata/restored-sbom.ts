/** SBOM files of the last build, put beside the layers that they describe (lifecycle internal/layer/sbom_restorer.go). */

import { isFileName } from '../../../base/file-name.ts'

/** By path relative to `/layers/sbom/<kind>`: `<buildpack>/<layer>/sbom.cdx.json`. */
export type SbomFiles = ReadonlyMap<string, Buffer>

const LAYER_SBOM = /^([^/]+)\/([^/]+)\/(sbom[^/]+json)$/

/**
 * The files for one buildpack's directory, by their names there: `<layer>.sbom.cdx.json`.
 * @param directory the buildpack's, its id escaped
 * @param sources the cache's files, then the image's, which win
 */
export function sbomFilesFor(directory: string, sources: readonly SbomFiles[]): Map<string, Buffer> {
  const files = new Map<string, Buffer>()
  for (const source of sources) {
    for (const [path, content] of source) {
      const [, buildpack, layer, file] = LAYER_SBOM.exec(path) ?? []
      const name = `${layer}.${file}`
      if (buildpack === directory && isFileName(name)) files.set(name, content)
    }
  }
  return files
}
