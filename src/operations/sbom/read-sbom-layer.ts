/** Reads the SBOM files of an app image's SBOM layer: one of each directory. */

import type { Readable } from 'node:stream'
import { readAtMost } from '../../base/bounded-file.ts'
import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { SbomMerge } from '../../sbom/merge.ts'
import { SBOM_FORMATS, type Sbom, type SbomDocument, type SbomFormat, type SbomPlace } from '../../sbom/package.ts'
import { readSbom } from '../../sbom/read/read-sbom.ts'
import { sbomEntries } from '../inspect/sbom-layer.ts'

export interface SbomReading {
  /** The IDs of the image's buildpacks, of which file names have `_` for `/`. */
  readonly buildpacks?: readonly string[]
  /** The preferred format of a directory that has several, which list the same packages. */
  readonly prefer?: SbomFormat
}

export interface SbomLimits {
  readonly file: number
  readonly all: number
  readonly packages: number
}

const SUFFIXES: Readonly<Record<SbomFormat, string>> = { 'cyclonedx-json': '.cdx.json', 'syft-json': '.syft.json', 'spdx-json': '.spdx.json' }
const MIB = 1024 * 1024
export const SBOM_LIMITS: SbomLimits = { file: 64 * MIB, all: 256 * MIB, packages: 500_000 }

/**
 * Returns the packages of all files; undefined if the layer has no SBOM in a known format.
 * @throws CnbError CNB_SBOM_INVALID for a malformed SBOM and for limits
 */
export async function readSbomLayer(image: string, tar: Readable, { buildpacks = [], prefer }: SbomReading, context: Context, limits = SBOM_LIMITS): Promise<Sbom | undefined> {
  const formats = prefer ? [prefer, ...SBOM_FORMATS.filter((format) => format !== prefer)] : SBOM_FORMATS
  const found = new Map<string, { readonly rank: number; readonly document: SbomDocument; readonly path: string }>()
  let [bytes, packages] = [0, 0]
  for await (const { name, type, size, content } of sbomEntries(tar, context)) {
    const path = name.toString()
    const rank = formats.findIndex((format) => path.endsWith(SUFFIXES[format]))
    const directory = path.slice(0, path.lastIndexOf('/'))
    if (type !== 'file' || rank < 0 || (found.get(directory)?.rank ?? Infinity) <= rank) continue
    const fault = (why: string, cause?: unknown): CnbError => new CnbError('CNB_SBOM_INVALID', `cannot read the SBOM of image '${image}': ${path} ${why}`, { cause })
    if (size > limits.file) throw fault(`has ${size} bytes; the limit is ${limits.file}`)
    bytes += size
    if (bytes > limits.all) throw fault(`is one of several files with more than ${limits.all} bytes`)
    const document = readSbom(await readAtMost(content as AsyncIterable<Buffer>, limits.file), fault, formats[rank])
    packages += document.packages.length
    if (packages > limits.packages) throw fault(`has too many packages; the limit is ${limits.packages}`)
    found.set(directory, { rank, document, path })
  }
  if (found.size === 0) return undefined
  const merge = new SbomMerge()
  for (const [, { document, path }] of [...found].sort(([a], [b]) => (a < b ? -1 : 1))) merge.add(document, placeOf(path, buildpacks))
  return merge.result()
}

/** `layers/sbom/launch/<buildpack>/<layer>/sbom.cdx.json`, or without a layer (buildpack.md "Software-Bill-of-Materials"). */
function placeOf(path: string, buildpacks: readonly string[]): SbomPlace {
  const [, , , escaped = '', ...rest] = path.split('/')
  const buildpack = buildpacks.find((id) => id.replaceAll('/', '_') === escaped) ?? escaped.replace('_', '/')
  return { buildpack, layer: rest.length > 1 ? rest.slice(0, -1).join('/') : undefined, file: path }
}
