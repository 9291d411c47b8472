/** Reads layers from a `docker save`, if neither a blob nor a container's files suffice. */

import { basename } from 'node:path'
import type { Readable } from 'node:stream'
import { decompress, isCompressed } from '../../archive/decompress.ts'
import { readTar, type TarReadEntry } from '../../archive/tar/tar-reader.ts'
import type { Context } from '../../base/events.ts'
import type { EngineImages } from '../../docker/engine.ts'
import type { Digest } from '../../oci/digest.ts'

/**
 * Saves the image with the ID, and passes each file that may be a wanted layer to `keep`, uncompressed, until `wanted` is empty.
 * `keep` removes the layers that it finds from `wanted`. Layers are recognized by their digest: names and links in the archive differ
 * between engines.
 * @throws CnbError CNB_ENGINE_*, CNB_UNSUPPORTED for an unsupported compression; errors of `keep`
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
    // The name of an uncompressed blob in an OCI layout is the diffID: skip blobs of other layers.
    if (named && !wanted.has(named) && !(await isCompressed(entry.content))) continue
    await keep(await decompress(entry.content, { source: 'a layer of the image' }))
    if (wanted.size === 0) return
  }
}

/** Whether the entry is a small file of a docker-archive or OCI layout, and not a layer. */
function isMetadata({ name }: TarReadEntry): boolean {
  const file = basename(name.toString())
  return file === 'VERSION' || file === 'json' || file === 'repositories' || file === 'oci-layout' || file.endsWith('.json')
}

/** Returns the digest in the name of an OCI layout's blob. Returns undefined for other names. */
function digestInName({ name }: TarReadEntry): Digest | undefined {
  const hex = /^(?:\.\/)?blobs\/sha256\/([0-9a-f]{64})$/.exec(name.toString())?.[1]
  return hex === undefined ? undefined : `sha256:${hex}`
}
