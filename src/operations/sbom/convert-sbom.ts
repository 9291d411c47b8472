/** `cnb sbom convert`: one document of all packages of an image or file. */

import { resolve } from 'node:path'
import { cannotWrite, writeFileAtomically } from '../../base/files.ts'
import type { Context } from '../../base/events.ts'
import type { SbomFormat } from '../../sbom/package.ts'
import { writeSbom } from '../../sbom/write/write-sbom.ts'
import type { ImageServices } from '../inspect/locate-image.ts'
import { openSbom, type OpenSbomOptions } from './open-sbom.ts'

export interface ConvertSbomOptions extends OpenSbomOptions {
  image: string
  /** Default: `cyclonedx-json`. */
  to?: SbomFormat
  /** The file to write. */
  outputFile?: string
}

export interface ConvertedSbom {
  /** The number of packages. */
  packages: number
  format: SbomFormat
  /** The document; absent if it is in the file. */
  text?: string
  /** The absolute path. */
  file?: string
}

const READABLE = 0o644

/** @throws CnbError CNB_OUTPUT, and those of openSbom */
export async function convertSbom({ image, to: format = 'cyclonedx-json', outputFile, ...options }: ConvertSbomOptions, places: ImageServices & { readonly input: AsyncIterable<Buffer> }, context: Context): Promise<ConvertedSbom> {
  const { sbom, subject } = await openSbom(image, options, places, context, format)
  const text = writeSbom(sbom, subject, format)
  const packages = sbom.packages.size
  if (outputFile === undefined) return { packages, format, text }
  const file = resolve(places.remote.host.cwd, outputFile)
  await writeFileAtomically(file, `${text}\n`, READABLE).catch((error: unknown) => cannotWrite(file, error))
  return { packages, format, file }
}
