/** Maps an app image's layers to its files, by the lifecycle's label (lifecycle phase/exporter.go). */

import { readBuildMetadata } from '../labels/build-metadata.ts'
import type { Image } from '../image.ts'
import { readLifecycleMetadata } from '../labels/lifecycle-metadata.ts'

/** The source of a lifecycle's layer. Paths are absolute. */
export type LayerFiles =
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'app'; readonly path: string }
  | { readonly kind: 'launcher' }
  /** `types` in the order of the links. */
  | { readonly kind: 'processes'; readonly types: readonly string[] }

/** An image without layers. */
export type DescribedImage = Pick<Image, 'reference' | 'id' | 'platform' | 'config' | 'labels'>

/**
 * Returns the files of the layers that the label names, by diffID. The label is only a hint: the reader compares the digest.
 * Empty without a label or with a malformed label; layers of an app in several slices are missing.
 */
export function layerFilesOf(image: DescribedImage): ReadonlyMap<string, LayerFiles> {
  const files = new Map<string, LayerFiles>()
  const add = (sha: string | undefined, layer: LayerFiles): void => {
    if (sha !== undefined && sha !== '') files.set(sha, layer)
  }
  try {
    const metadata = readLifecycleMetadata(image)
    if (!metadata) return files
    const layers = pathFromEnv(image, 'CNB_LAYERS_DIR', '/layers')
    for (const { id, layers: ofBuildpack } of metadata.buildpacks) {
      const directory = `${layers}/${id.replaceAll('/', '_')}`
      for (const [name, { sha }] of ofBuildpack) add(sha, { kind: 'directory', path: `${directory}/${name}` })
    }
    add(metadata.sbom, { kind: 'directory', path: `${layers}/sbom/launch` })
    add(metadata.config, { kind: 'directory', path: `${layers}/config` })
    if (metadata.app.length === 1) add(metadata.app[0], { kind: 'app', path: pathFromEnv(image, 'CNB_APP_DIR', '/workspace') })
    add(metadata.launcher, { kind: 'launcher' })
    add(metadata.processTypes, { kind: 'processes', types: readBuildMetadata(image)?.processes.map(({ type }) => type) ?? [] })
  } catch {
    // The label is only a hint here; code that needs the label reports the error.
  }
  return files
}

/** Reads a directory from the image's environment, where the lifecycle sets both of its directories. */
function pathFromEnv({ config }: DescribedImage, name: string, usual: string): string {
  const value = config.config.Env?.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1)
  return value?.startsWith('/') === true && value.length > 1 ? value : usual
}
