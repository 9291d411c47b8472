/** One file out of a container, without its container's tar around it. */

import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { readTar } from '../../../archive/tar/tar-reader.ts'
import type { Context } from '../../../base/events.ts'
import type { Container } from '../../../docker/engine.ts'
import { checkCacheFile } from './layer-tars.ts'

/** The file's content; undefined where `path` is no file. */
export async function openArchivedFile(container: Container, path: string, context: Context): Promise<Readable | undefined> {
  const archive = await container.getArchive(path, context)
  if (!archive) return undefined
  const entries = readTar(archive, { source: `the archive of ${path}`, signal: context.signal })
  const first = await entries.next()
  if (first.done || first.value.type !== 'file') {
    await entries.return()
    return undefined
  }
  return Readable.from(contentOf(first.value.content, entries), { objectMode: false })
}

/** Leaves the archive when its file has been read, or nobody wants more of it. */
async function* contentOf(content: Readable, entries: AsyncGenerator<unknown>): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of content) yield chunk as Buffer
  } finally {
    await entries.return(undefined)
  }
}

/**
 * The whole of a file of a cache; undefined where `path` is not a file.
 * @param limit bytes
 * @throws CnbError CNB_RESTORE_FAILED where it is larger than the limit
 */
export async function readArchivedFile(container: Container, path: string, limit: number, context: Context): Promise<Buffer | undefined> {
  const archive = await container.getArchive(path, context)
  if (!archive) return undefined
  for await (const entry of readTar(archive, { source: `the archive of ${path}`, signal: context.signal })) {
    if (entry.type !== 'file') return undefined
    checkCacheFile(path, entry.size, limit)
    // Awaited here: leaving the loop ends the archive.
    return await buffer(entry.content)
  }
  return undefined
}
