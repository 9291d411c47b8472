/** Reads the SBOM of an image, or an SBOM file. */

import { resolve } from 'node:path'
import { readAtMost, readBounded } from '../../base/bounded-file.ts'
import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { readBuildMetadata } from '../../images/labels/build-metadata.ts'
import { SbomMerge } from '../../sbom/merge.ts'
import type { Sbom, SbomFormat, SbomSubject } from '../../sbom/package.ts'
import { readSbom } from '../../sbom/read/read-sbom.ts'
import type { ImagePlace } from '../inspect/image-facts.ts'
import type { ImageServices, LocateOptions } from '../inspect/locate-image.ts'
import { locateSbom } from '../inspect/locate-sbom.ts'
import { withLayers } from '../inspect/open-layers.ts'
import { readSbomLayer, SBOM_LIMITS } from './read-sbom-layer.ts'

export type OpenSbomOptions = Omit<LocateOptions, 'local'>

export interface OpenedSbom {
  readonly sbom: Sbom
  readonly subject: SbomSubject
  /** The image, or the file as the user named it. */
  readonly source: Pick<ImagePlace, 'image' | 'source' | 'id' | 'platform'> | { readonly file: string }
}

/** Words that name a file, which no reader of images accepts. */
const FILE = /^(?:[./-]|.*\.json$)/s

/**
 * @param name an image, a path that ends in `.json` or begins with `.` or `/`, or `-` for `input`
 * @throws CnbError CNB_SBOM_INVALID, and those of locateSbom
 */
export async function openSbom(name: string, options: OpenSbomOptions, { input, ...places }: ImageServices & { readonly input: AsyncIterable<Buffer> }, context: Context, prefer?: SbomFormat): Promise<OpenedSbom> {
  if (FILE.test(name)) return openFile(name, places, input, context)
  const { found, facts, sbom: diffId } = await locateSbom(name, options, places, context)
  const { buildpacks = [], extensions = [] } = readBuildMetadata(facts) ?? {}
  const ids = [...buildpacks, ...extensions].map(({ id }) => id)
  const sbom = await withLayers(found, new Set([diffId]), context, async ([layer]) => readSbomLayer(name, await layer!.open(context.signal), { buildpacks: ids, prefer }, context))
  if (!sbom) throw new CnbError('CNB_SBOM_INVALID', `cannot read the SBOM of image '${name}': it has no file in CycloneDX, SPDX or Syft JSON`, { hint: `To see its files: cnb sbom download ${name}` })
  const { image, source, id, platform, digest } = facts.place
  return { sbom, subject: { name, version: digest ?? id, isImage: true }, source: { image, source, id, platform } }
}

async function openFile(name: string, { remote }: ImageServices, input: AsyncIterable<Buffer>, { signal }: Context): Promise<OpenedSbom> {
  const fault = (why: string, cause?: unknown): CnbError => new CnbError('CNB_SBOM_INVALID', `cannot read the SBOM '${name}': it ${why}`, { cause })
  let content: Buffer
  try {
    content = name === '-' ? await readAtMost(input, SBOM_LIMITS.file) : await readBounded(resolve(remote.host.cwd, name), { max: SBOM_LIMITS.file, pipes: true, signal })
  } catch (error) {
    signal?.throwIfAborted()
    const { code, message } = error as NodeJS.ErrnoException
    throw fault(code === 'ENOENT' ? 'does not exist' : code === undefined ? message : `cannot be opened: ${message}`, error)
  }
  const document = readSbom(content, fault)
  if (document.packages.length > SBOM_LIMITS.packages) throw fault(`has too many packages; the limit is ${SBOM_LIMITS.packages}`)
  const merge = new SbomMerge()
  merge.add(document)
  return { sbom: merge.result(), subject: { name: name === '-' ? 'stdin' : name.slice(name.lastIndexOf('/') + 1), isImage: false }, source: { file: name } }
}
