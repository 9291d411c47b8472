/** Layers out of a `docker save`: the last resort, for layers that neither a blob nor the files of a container can give. */

import { basename } from 'node:path'
import type { Readable } from 'node:stream'
import { decompress, isCompressed } from '../../archive/decompress.ts'
import { readTar, type TarReadEntry } from '../../archive/tar/tar-reader.ts'
import type { Context } from '../../base/events.ts'
import type { EngineImages } from '../../docker/engine.ts'
import type { Digest } from '../../oci/digest.ts'

/**
 * Saves the image with that ID, and hands every file that may be one of the `wanted` layers to `keep`, uncompressed, until
 * none is wanted any more. `keep` takes off `wanted` what it has found. Layers are known by their digest, so that neither
 * names nor links in the archive count: they differ between engines.
 * @throws CnbError CNB_ENGINE_*, CNB_UNSUPPORTED for a compression that cannot be read; what `keep` throws
 */
export async function readSavedLayers(
  images: Pick<EngineImages, 'save'>,
  image: string,
  wanted: ReadonlySet<Digest>,
  keep: (content: Readable) => Promise<void>,
  context: Context = {},
): Promise<void> {
  const archive = await images.save(image, context)
  for await (const entry of readTar(archive, { source: `the engine's save of ${image}`, signal: context.signal })) {
    if (entry.type !== 'file' || entry.size === 0 || isMetadata(entry)) continue
    const named = digestInName(entry)
    // Uncompressed in an OCI layout the name is the diffID: no need to look at what nobody asked for.
    if (named && !wanted.has(named) && !(await isCompressed(entry.content))) continue
    await keep(await decompress(entry.content, { source: 'a layer of the image' }))
    if (wanted.size === 0) return
  }
}

/** Small files of a docker-archive or an OCI layout that are no layers. */
function isMetadata({ name }: TarReadEntry): boolean {
  const file = basename(name.toString())
  return file === 'VERSION' || file === 'json' || file === 'repositories' || file === 'oci-layout' || file.endsWith('.json')
}

/** The digest that a blob of an OCI layout is named for. */
function digestInName({ name }: TarReadEntry): Digest | undefined {
  const hex = /^(?:\.\/)?blobs\/sha256\/([0-9a-f]{64})$/.exec(name.toString())?.[1]
  return hex === undefined ? undefined : `sha256:${hex}`
}
