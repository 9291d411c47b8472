/** Creates the app's layers (buildpack.md "Slice Layers"; lifecycle v0.21.0 layers/slices.go). */

import { makeTarLayer } from '../../../archive/tar/tar-layer.ts'
import type { TarHeader } from '../../../archive/tar/tar-header.ts'
import type { TarReadEntry } from '../../../archive/tar/tar-reader.ts'
import type { TarEntry } from '../../../archive/tar/tar-writer.ts'
import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import type { Layer } from '../../../images/image.ts'
import { CONSTANT_MTIME } from '../../../oci/constant-time.ts'
import { FileList, type ListedFile } from './file-list.ts'
import { parentEntries } from './layer-entries.ts'
import { filesAt } from './layer-source.ts'
import type { LayerSource } from './layer-source.ts'
import { divideIntoSlices } from './slices.ts'
import type { Slice } from './slices.ts'
import type { Spool } from './spool.ts'

export interface SliceLayer {
  readonly layer: Layer
  /** The text for the image's history (lifecycle phase/exporter.go). */
  readonly createdBy: string
}

/** Implements LayerFactory's sliceLayers. The caller owns `source`. */
export async function sliceLayers(
  source: LayerSource,
  path: string,
  parents: readonly TarHeader[],
  slices: readonly Slice[],
  context: Context,
): Promise<readonly SliceLayer[]> {
  const spool = source.newSpool()
  const files = await appFiles(source, path, spool, context)
  const layers: SliceLayer[] = []
  for (const [index, part] of divideIntoSlices(files, slices).entries()) {
    // A slice without files has no parents either.
    const above = part.length > 0 ? [...parentEntries(parents)] : []
    const layer = await makeTarLayer(() => sliceEntries(source, path, above, { files, part, spool }), { signal: context.signal })
    layers.push({ layer, createdBy: slices.length === 0 ? 'Application Layer' : `Application Slice: ${index + 1}` })
  }
  return layers
}

const EMPTY = Buffer.alloc(0)

/** Returns all entries of the app directory in walk order; adds the contents to `spool`. */
async function appFiles(source: LayerSource, path: string, spool: Spool, context: Context): Promise<FileList> {
  const start = Buffer.byteLength(path) + 1
  const files = new FileList()
  for await (const entry of filesAt(source, path, context)) {
    const { name, mode, type, linkname = EMPTY, devMajor = 0, devMinor = 0 } = entry
    const its = { path: name.subarray(start), mode }
    if (type === 'link') files.add({ ...targetOf(entry, start, files), ...its })
    else files.add({ ...its, type, linkname, devMajor, devMinor, content: type === 'file' ? await spool.add(entry.bytes ?? entry.content) : undefined })
  }
  return files
}

/** Returns the target of a hard link, one of the `files` before it. @param start of the paths in names */
function targetOf({ name, linkname = EMPTY }: TarReadEntry, start: number, files: FileList): ListedFile {
  const target = files.find(linkname.subarray(start))
  if (target === undefined || files.isDirectory(target)) throw new CnbError('CNB_ENGINE_FAILED', `the engine's archive does not have the target of the hard link ${name.toString()}`)
  return files.at(target)
}

/** Some files of the app by their index. */
interface AppPart {
  readonly files: FileList
  readonly part: readonly number[]
  readonly spool: Spool
}

function* sliceEntries({ owner }: LayerSource, directory: string, above: readonly TarEntry[], { files, part, spool }: AppPart): Generator<TarEntry> {
  yield* above
  const prefix = Buffer.from(`${directory}/`)
  for (const index of part) {
    const { path, type, mode, linkname, devMajor, devMinor, content } = files.at(index)
    const name = path.length === 0 ? directory : Buffer.concat([prefix, path])
    const size = content?.size ?? 0
    yield { type, name, linkname: linkname.length > 0 ? linkname : undefined, mode, ...owner, mtime: CONSTANT_MTIME, size, devMajor, devMinor, content: content && spool.read(content) }
  }
}
