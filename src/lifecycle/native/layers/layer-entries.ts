/** Tar headers of layers (lifecycle v0.21.0 archive/writer.go, layers/dir.go, layers/launcher.go). */

import type { TarHeader } from '../../../archive/tar/tar-header.ts'
import type { TarEntry } from '../../../archive/tar/tar-writer.ts'
import { CONSTANT_MTIME } from '../../../oci/constant-time.ts'

/** The build user, who owns all files of a layer. */
export interface EntryOwner {
  readonly uid: number
  readonly gid: number
}

/** Permissions, setuid, setgid and sticky bits. */
const MODE_BITS = 0o7777

/** Returns the entries of the directories above a layer's directory: as in the container, with a constant time. */
export function* parentEntries(parents: readonly TarHeader[]): Generator<TarEntry> {
  for (const { name, mode, uid, gid } of parents) {
    yield { type: 'directory', name, mode: mode & MODE_BITS, uid, gid, mtime: CONSTANT_MTIME }
  }
}

/** Returns an entry of the layer's directory. `content` is required for files. */
export function layerEntry(header: TarHeader, owner: EntryOwner, content?: TarEntry['content']): TarEntry {
  const { type, name, linkname, mode, size, devMajor, devMinor } = header
  return { type, name, linkname, mode: mode & MODE_BITS, ...owner, mtime: CONSTANT_MTIME, size, devMajor, devMinor, content }
}

/** Returns the header of the target with the name, mode, owner and time of the hard link. */
export function linkedHeader(link: TarHeader, target: TarHeader): TarHeader {
  const { type, linkname, size, devMajor, devMinor } = target
  const { name, mode, uid, gid, mtime } = link
  return { type, name, linkname, mode, uid, gid, mtime, size, devMajor, devMinor }
}

/** Returns the entry of a directory that the lifecycle creates, such as `/cnb`. */
export function rootDirectory(name: string): TarEntry {
  return { type: 'directory', name, mode: 0o755, uid: 0, gid: 0, mtime: CONSTANT_MTIME }
}
