/** A layer compressed, in the form in which registries and layouts get it. */

import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { verified } from '../archive/verified-stream.ts'
import { CnbError } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import { Limiter } from '../base/limiter.ts'
import { OCI_LAYER } from '../oci/media-types.ts'
import { writeHashed } from './hashed-file.ts'
import type { Layer, LayerBlob } from './image.ts'

/**
 * Measured on 200 MB of mixed files (scripts, documents, libraries): level 1 takes 3.0 seconds of a processor and leaves 85.4 MB,
 * level 4 3.7 and 81.6, level 6 5.7 and 79.9. With two processors and a line of more than 11 MB/s an image is published soonest at
 * level 1, and a slow line loses less than 5 % by it. The lifecycle's own level for registries, Go's fastest, leaves 87.8 MB.
 */
const LEVEL = 1

/** Bytes that are compressed in one piece. Smaller ones compress worse (0.3 % here), larger ones are only more memory. */
const BLOCK = 512 * 1024
/** What a block can become at most, so that each is one piece of work for Node's threads. */
const COMPRESSED_BLOCK = BLOCK + 4096

/** For all layers together: of Node's four threads one stays free, which reads and writes the files meanwhile. */
const THREADS = Math.min(availableParallelism(), 3)
const limit = new Limiter(THREADS)
const compress = promisify<Buffer, { level: number; chunkSize: number }, Buffer>(gzip)

/** Where a gzip header (RFC 1952, 2.3) has the system that it was made on. */
const SYSTEM_AT = 9
const UNKNOWN_SYSTEM = 255

/** Bytes that are read at once from the file. */
const PIECE = 1024 * 1024

/**
 * Compresses a layer into a file in `directory`, whose owner removes it; on all processors, however many layers there are. The
 * blob is a row of gzip members, without times and names: the same layer gives the same bytes with the same zlib.
 * @throws CnbError CNB_IMAGE_INVALID when what the layer's stream has is not the layer; CNB_OUTPUT, and what that stream fails with
 */
export async function compressLayer(layer: Layer, directory: string, { signal }: Context = {}): Promise<LayerBlob> {
  const path = join(directory, `${randomUUID()}.tar.gz`)
  try {
    const tar = verified(await layer.open(signal), layer.diffId, (found) => isOther(layer, found))
    const { digest, size } = await writeHashed(members(tar), path, signal)
    return {
      descriptor: { mediaType: `${OCI_LAYER}+gzip`, digest, size },
      open: async (signal) => createReadStream(path, { highWaterMark: PIECE, ...(signal ? { signal } : {}) }),
    }
  } catch (error) {
    await rm(path, { force: true })
    throw error
  }
}

function isOther({ diffId }: Layer, found: string): CnbError {
  return new CnbError('CNB_IMAGE_INVALID', `layer ${diffId} cannot be saved: what is read of it is ${found}`, { hint: 'Build the image again.' })
}

/** The gzip members of a content, in its order; some are made ahead while one is written. */
async function* members(content: Readable): AsyncGenerator<Buffer> {
  const ahead: Promise<Buffer>[] = []
  for await (const block of blocksOf(content)) {
    const member = limit.run(() => compressBlock(block))
    // Whoever takes it is told of an error; until then it is nobody's.
    member.catch(() => {})
    ahead.push(member)
    if (ahead.length > THREADS) yield await ahead.shift()!
  }
  for (const member of ahead) yield await member
}

async function compressBlock(block: Buffer): Promise<Buffer> {
  const member = await compress(block, { level: LEVEL, chunkSize: COMPRESSED_BLOCK })
  member[SYSTEM_AT] = UNKNOWN_SYSTEM
  return member
}

/** The content in blocks of one size, copied only where a chunk does not have a whole one; one that is empty where there is nothing. */
async function* blocksOf(content: Readable): AsyncGenerator<Buffer> {
  let parts: Buffer[] = []
  let filled = 0
  let any = false
  for await (const chunk of content as AsyncIterable<Buffer>) {
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + BLOCK - filled)
      at += part.length
      filled += part.length
      parts.push(part)
      if (filled < BLOCK) continue
      yield parts.length === 1 ? part : Buffer.concat(parts)
      any = true
      parts = []
      filled = 0
    }
  }
  if (filled > 0 || !any) yield Buffer.concat(parts)
}
