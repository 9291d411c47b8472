/** Reads the list of a directory's entries that the session script sends. */

import type { TarHeader, TarType } from '../../../archive/tar/tar-header.ts'
import { CnbError } from '../../../base/errors.ts'

/** The letters of GNU find; a tar contains no sockets. */
const TYPES: Readonly<Record<string, TarType>> = { f: 'file', d: 'directory', l: 'symlink', p: 'fifo' }
const SOCKET = 's'

/** The fields of an entry: type, size, path relative to the parent directory, target of a link. Each ends with a NUL. */
const FIELDS = 4
/** More than four fields can have. */
const MAX_ENTRY = 64 * 1024

/**
 * Yields the entries' headers, without modes, owners and times, in the order of the list.
 * @param parent the absolute path of the directory that contains the listed one
 * @throws CnbError CNB_EXPORT_FAILED for a malformed list: code of the build may have written it
 */
export async function* readEntryList(list: AsyncIterable<unknown>, parent: string): AsyncGenerator<TarHeader, void, undefined> {
  const above = parent === '/' ? parent : `${parent}/`
  let rest = ''
  for await (const chunk of list) {
    // One character for each byte.
    const fields = (rest + (chunk as Buffer).toString('latin1')).split('\0')
    const whole = fields.length - 1 - ((fields.length - 1) % FIELDS)
    for (let index = 0; index < whole; index += FIELDS) {
      const [letter = '', size = '', path = '', target = ''] = fields.slice(index, index + FIELDS)
      if (letter === SOCKET) continue
      const type = TYPES[letter]
      if (!type || !/^\d{1,15}$/.test(size) || !path.startsWith('./') || path.endsWith('/')) throw malformed(parent)
      const name = Buffer.concat([Buffer.from(above), Buffer.from(path.slice(2), 'latin1')])
      const linkname = type === 'symlink' ? { linkname: Buffer.from(target, 'latin1') } : {}
      yield { type, name, ...linkname, mode: 0, uid: 0, gid: 0, mtime: 0, size: type === 'file' ? Number(size) : 0 }
    }
    rest = fields.slice(whole).join('\0')
    if (rest.length > MAX_ENTRY) throw malformed(parent)
  }
  if (rest !== '') throw malformed(parent)
}

function malformed(parent: string): CnbError {
  return new CnbError('CNB_EXPORT_FAILED', `the container's list of files in ${parent} is malformed`)
}
