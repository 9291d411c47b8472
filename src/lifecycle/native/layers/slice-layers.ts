/** Creates the app's layers (buildpack.md "Slice Layers"; lifecycle v0.21.0 layers/slices.go). */

import { makeTarLayer } from '../../../archive/tar/tar-layer.ts'
import type { TarHeader, TarType } from '../../../archive/tar/tar-header.ts'
import type { TarReadEntry } from '../../../archive/tar/tar-reader.ts'
import type { TarEntry } from '../../../archive/tar/tar-writer.ts'
import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import type { Layer } from '../../../images/image.ts'
import { CONSTANT_MTIME } from '../../../oci/constant-time.ts'
import { parentEntries } from './layer-entries.ts'
import { filesAt, keyOf } from './layer-source.ts'
import type { LayerSource } from './layer-source.ts'
import { divideIntoSlices } from './slices.ts'
import type { AppFile, Slice } from './slices.ts'
import type { Spool, Spooled } from './spool.ts'
import { compareInWalk } from './walk-order.ts'

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
  const divided = divideIntoSlices(await appFiles(source, path, spool, context), slices)
  const layers: SliceLayer[] = []
  for (const [index, files] of divided.entries()) {
    // A slice without files has no parents either.
    const above = files.length > 0 ? [...parentEntries(parents)] : []
    const layer = await makeTarLayer(() => sliceEntries(source, path, above, files, spool), { signal: context.signal })
    layers.push({ layer, createdBy: slices.length === 0 ? 'Application Layer' : `Application Slice: ${index + 1}` })
  }
  return layers
}

/** A file of the app. An app can have many, so it omits uid, gid and time, which are the same in the whole layer. */
interface SpooledFile extends AppFile {
  readonly type: TarType
  readonly mode: number
  readonly linkname: string
  readonly devMajor: number
  readonly devMinor: number
  readonly content: Spooled | undefined
}

/** Returns all entries of the app directory in walk order; adds the contents to `spool`. */
async function appFiles(source: LayerSource, path: string, spool: Spool, context: Context): Promise<SpooledFile[]> {
  const root = Buffer.byteLength(path)
  const files: SpooledFile[] = []
  for await (const entry of filesAt(source, path, context)) {
    const name = keyOf(entry.name)
    files.push({ path: name.slice(root + 1), mode: entry.mode, ...(entry.type === 'link' ? linked(entry, root, files) : await spooled(entry, spool)) })
  }
  return files
}

type WithoutName = Omit<SpooledFile, 'path' | 'mode'>

async function spooled(entry: TarReadEntry, spool: Spool): Promise<WithoutName> {
  const { type, devMajor = 0, devMinor = 0 } = entry
  const content = type === 'file' ? await spool.add(entry.bytes ?? entry.content) : undefined
  return { isDirectory: type === 'directory', type, linkname: keyOf(entry.linkname), devMajor, devMinor, content }
}

/** Returns the target of a hard link, one of the `files` before it. @param root the length of the app directory's name */
function linked(entry: TarReadEntry, root: number, files: readonly SpooledFile[]): WithoutName {
  const target = fileAt(keyOf(entry.linkname).slice(root + 1), files)
  if (!target || target.isDirectory) throw new CnbError('CNB_ENGINE_FAILED', `the engine's archive does not have the target of the hard link ${entry.name.toString()}`)
  const { isDirectory, type, linkname, devMajor, devMinor, content } = target
  return { isDirectory, type, linkname, devMajor, devMinor, content }
}

/** Finds a file by its path in a list in walk order: links are rare, and a map of all files would take as much memory as the list. */
function fileAt(path: string, files: readonly SpooledFile[]): SpooledFile | undefined {
  const wanted = Buffer.from(path, 'latin1')
  let [low, high] = [0, files.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (compareInWalk(Buffer.from(files[middle]?.path ?? '', 'latin1'), wanted) < 0) low = middle + 1
    else high = middle
  }
  return files[low]?.path === path ? files[low] : undefined
}

function* sliceEntries(
  { owner }: LayerSource,
  path: string,
  above: readonly TarEntry[],
  files: readonly SpooledFile[],
  spool: Spool,
): Generator<TarEntry> {
  yield* above
  const directory = keyOf(Buffer.from(path))
  for (const file of files) {
    const { type, mode, devMajor, devMinor, content } = file
    const name = Buffer.from(file.path === '' ? directory : `${directory}/${file.path}`, 'latin1')
    const linkname = file.linkname === '' ? undefined : Buffer.from(file.linkname, 'latin1')
    const size = content?.size ?? 0
    yield { type, name, linkname, mode, ...owner, mtime: CONSTANT_MTIME, size, devMajor, devMinor, content: content && spool.read(content) }
  }
}
