/** The SBOM files of the previous image, out of the layer that its label names (lifecycle phase/analyzer.go). */

import { buffer } from 'node:stream/consumers'
import { readTar } from '../../archive/tar-reader.ts'
import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { MAX_METADATA_BYTES } from './metadata-limit.ts'
import type { PreviousImage } from './model.ts'

const ROOT = 'layers/sbom/launch/'

/** Files by their paths relative to `/layers/sbom/launch`; undefined where there is no such layer, or one that cannot be read. */
export async function readLaunchSbom(previous: PreviousImage | undefined, context: Context): Promise<Map<string, Buffer> | undefined> {
  const layer = previous?.image.layers.find(({ diffId }) => diffId === previous.metadata?.sbom)
  if (!layer) return undefined
  const files = new Map<string, Buffer>()
  let size = 0
  try {
    for await (const entry of readTar(await layer.open(context.signal), { source: 'the SBOM layer', signal: context.signal })) {
      const path = entry.name.toString().replace(/^\//, '')
      if (entry.type !== 'file' || !path.startsWith(ROOT)) continue
      size += entry.size
      if (size > MAX_METADATA_BYTES) throw new CnbError('CNB_RESTORE_FAILED', `its files have more than ${MAX_METADATA_BYTES} bytes`)
      files.set(path.slice(ROOT.length), await buffer(entry.content))
    }
  } catch (error) {
    context.signal?.throwIfAborted()
    context.events?.({ type: 'warning', message: `the SBOM of the previous image cannot be read: ${(error as Error).message}` })
    return undefined
  }
  return files
}
