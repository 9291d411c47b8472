/** `cnb sbom download`: writes the SBOM files of an app image to a directory. */

import { resolve } from 'node:path'
import { extractInto } from '../../archive/extract.ts'
import type { TarReadEntry } from '../../archive/tar/tar-reader.ts'
import { packTar } from '../../archive/tar/tar-writer.ts'
import type { Context } from '../../base/events.ts'
import type { ImagePlace } from './image-facts.ts'
import type { LocateOptions, ImageServices } from './locate-image.ts'
import { locateSbom } from './locate-sbom.ts'
import { withLayers } from './open-layers.ts'
import { sbomEntries } from './sbom-layer.ts'

export interface DownloadSbomOptions extends LocateOptions {
  image: string
  /** Default: the working directory. */
  outputDir?: string
}

/** The JSON output of `cnb sbom download`. */
export interface SbomDownload extends Pick<ImagePlace, 'image' | 'source' | 'id' | 'platform'> {
  /** The absolute path. */
  directory: string
  /** Paths relative to the directory; sizes in bytes. */
  files: { path: string; size: number }[]
}

/**
 * Writes the files of the image's SBOM layer to `<outputDir>/layers/sbom/launch/…`.
 * @throws CnbError CNB_OUTPUT, and those of locateSbom
 */
export async function downloadSbom({ image: name, outputDir = '.', ...options }: DownloadSbomOptions, places: ImageServices, context: Context): Promise<SbomDownload> {
  const { found, facts, sbom } = await locateSbom(name, options, places, context)
  const directory = resolve(places.remote.host.cwd, outputDir)
  const files: SbomDownload['files'] = []
  await withLayers(found, new Set([sbom]), context, async ([only]) => {
    const tar = await only!.open(context.signal)
    await extractInto(directory, packTar(noting(sbomEntries(tar, context), files)), context)
  })
  const { image, source, id, platform } = facts.place
  return { image, source, id, platform, directory, files }
}

async function* noting(entries: AsyncIterable<TarReadEntry>, files: SbomDownload['files']): AsyncGenerator<TarReadEntry> {
  for await (const entry of entries) {
    if (entry.type === 'file') files.push({ path: entry.name.toString(), size: entry.size })
    yield entry
  }
}
