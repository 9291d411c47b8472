/** Layers compressed for a registry or a layout. */

import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { Context } from '../base/events.ts'
import { hexOf } from '../oci/digest.ts'
import type { Layer, LayerBlob } from './image.ts'

export async function compressLayer(layer: Layer, directory: string, { signal }: Context = {}): Promise<LayerBlob> {
  const path = join(directory, hexOf(layer.diffId))
  const hash = createHash('sha256')
  let size = 0
  const count = new Transform({
    transform(chunk: Buffer, _e, done) {
      hash.update(chunk)
      size += chunk.length
      done(null, chunk)
    },
  })
  await pipeline(await layer.open(signal), createGzip({ level: 6, chunkSize: 256 * 1024 }), count, createWriteStream(path), signal ? { signal } : {})
  return {
    descriptor: { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: `sha256:${hash.digest('hex')}`, size },
    open: async () => createReadStream(path),
  }
}
