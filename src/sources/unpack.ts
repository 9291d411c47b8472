/** Unpacks archives with source code: zip (also jar and war), tar, and tar with gzip, by their content. */

import { createReadStream } from 'node:fs'
import { decompress } from '../archive/decompress.ts'
import { walkTree } from '../archive/files/walk-tree.ts'
import { readTar } from '../archive/tar/tar-reader.ts'
import { TreeWriter, type ArchiveEntry, type TreeOptions } from '../archive/tree-writer.ts'
import { ZipTree } from '../archive/zip/zip-tree.ts'
import { CnbError } from '../base/errors.ts'

export interface UnpackOptions extends TreeOptions {
  /** Leading components to remove from paths; entries with no more components are skipped. */
  readonly stripComponents?: number
}

/** The directory of the entries of a zip archive, which is removed again. */
const ROOT = 'source'

/**
 * Unpacks the archive into an empty directory.
 * @throws CnbError CNB_APP_INVALID for a file that is not an archive, and for names and links that lead out; CNB_UNSUPPORTED for other
 *   compressions; errors of TreeWriter
 */
export async function unpackFile(path: string, directory: string, options: UnpackOptions): Promise<void> {
  const { stripComponents = 0, source, signal, events } = options
  const writer = new TreeWriter(directory, options)
  const zip = await ZipTree.open(path, { name: source, prefix: ROOT, uid: 0, gid: 0, rootMode: 0o755, signal, events })
  if (zip) {
    using tree = zip
    await writer.add(stripped(walkTree(tree, { withRoot: false, signal }), stripComponents + 1))
  } else {
    const plain = await decompress(createReadStream(path), { source, invalid: 'CNB_APP_INVALID' })
    const tar = readTar(plain, { source, invalid: 'CNB_APP_INVALID', signal })
    await writer.add(stripped(tar, stripComponents)).catch((error: unknown) => {
      throw error instanceof CnbError && error.message.includes('is not a valid tar archive') ? notAnArchive(error, source) : error
    })
  }
  await writer.finish()
}

/** As in tar and kpack, `.` counts as a component. */
async function* stripped(entries: AsyncIterable<ArchiveEntry>, components: number): AsyncGenerator<ArchiveEntry> {
  if (components === 0) {
    yield* entries
    return
  }
  for await (const entry of entries) {
    const name = withoutComponents(entry.name, components)
    if (name.length === 0) continue
    const linkname = entry.type === 'link' ? withoutComponents(entry.linkname ?? '', components) : entry.linkname
    yield { ...entry, name, ...(linkname === undefined ? {} : { linkname }) }
  }
}

function withoutComponents(name: string | Buffer, components: number): Buffer {
  return Buffer.from(Buffer.from(name).toString('latin1').split('/').slice(components).join('/'), 'latin1')
}

function notAnArchive(cause: CnbError, source: string): CnbError {
  return new CnbError('CNB_APP_INVALID', `cannot unpack ${source}: unexpected blob file type, must be one of .zip, .tar.gz, .tar, .jar`, { cause, hint: 'Use another archive.' })
}
