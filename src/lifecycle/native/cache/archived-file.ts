/** Reads one file of a container from the tar that the engine returns. */

import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { readTar } from '../../../archive/tar/tar-reader.ts'
import type { Context } from '../../../base/events.ts'
import type { Container } from '../../../docker/engine.ts'
import { checkCacheFile } from './layer-tars.ts'

/** Returns the file's content as a stream; undefined if `path` is not a regular file. */
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

/** Closes the archive when the file has been read or its reader stops. */
async function* contentOf(content: Readable, entries: AsyncGenerator<unknown>): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of content) yield chunk as Buffer
  } finally {
    await entries.return(undefined)
  }
}

/**
 * Returns the content of a cache's file; undefined if `path` is not a regular file.
 * @param limit bytes
 * @throws CnbError CNB_RESTORE_FAILED if the file is larger than `limit`
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
