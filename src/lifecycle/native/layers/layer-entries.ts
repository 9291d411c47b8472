/** Headers as the lifecycle writes them into layers (its archive/writer.go and layers/{dir,launcher}.go, v0.21.0). */

import type { TarHeader } from '../../../archive/tar/tar-header.ts'
import type { TarEntry } from '../../../archive/tar/tar-writer.ts'
import { CONSTANT_MTIME } from '../../../oci/constant-time.ts'

/** The build user, to whom all files of a layer belong. */
export interface EntryOwner {
  readonly uid: number
  readonly gid: number
}

/** Permissions, setuid, setgid and sticky bits. */
const MODE_BITS = 0o7777

/** The directories above a layer's: as they are on the disk, but for the time. */
export function* parentEntries(parents: readonly TarHeader[]): Generator<TarEntry> {
  for (const { name, mode, uid, gid } of parents) {
    yield { type: 'directory', name, mode: mode & MODE_BITS, uid, gid, mtime: CONSTANT_MTIME }
  }
}

/** An entry of the layer itself. `content` is a file's. */
export function layerEntry(header: TarHeader, owner: EntryOwner, content?: TarEntry['content']): TarEntry {
  const { type, name, linkname, mode, size, devMajor, devMinor } = header
  return { type, name, linkname, mode: mode & MODE_BITS, ...owner, mtime: CONSTANT_MTIME, size, devMajor, devMinor, content }
}

/** A hard link as what it is one to, under its own name. */
export function linkedHeader(link: TarHeader, target: TarHeader): TarHeader {
  const { type, linkname, size, devMajor, devMinor } = target
  const { name, mode, uid, gid, mtime } = link
  return { type, name, linkname, mode, uid, gid, mtime, size, devMajor, devMinor }
}

/** Directories that the lifecycle makes up, such as `/cnb`. */
export function rootDirectory(name: string): TarEntry {
  return { type: 'directory', name, mode: 0o755, uid: 0, gid: 0, mtime: CONSTANT_MTIME }
}
