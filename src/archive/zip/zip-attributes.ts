/** Type and permissions of a zip entry, as Go's archive/zip and pack interpret them (struct.go `Mode`). */

export type ZipKind = 'file' | 'directory' | 'symlink' | 'fifo' | 'socket' | 'device'

/** Host systems in the upper byte of "version made by" (APPNOTE.TXT 4.4.2). */
const FAT = 0
const UNIX = 3
const NTFS = 10
const VFAT = 14
const OSX = 19

const DOS_DIRECTORY = 0x10
const DOS_READ_ONLY = 0x01
/** The mode that pack sets for files without a mode: the container's user must be able to run them. */
const OPEN = 0o777

const KINDS: Readonly<Record<number, ZipKind>> = {
  0o010000: 'fifo',
  0o020000: 'device',
  0o040000: 'directory',
  0o060000: 'device',
  0o120000: 'symlink',
  0o140000: 'socket',
}

/** The fields of a central directory entry that determine type and permissions. */
export interface ZipAttributes {
  readonly versionMadeBy: number
  readonly externalFileAttributes: number
  readonly fileNameRaw: Buffer
}

/** Whether the archive was created on a system with `\` as separator. */
export function isFromDos({ versionMadeBy }: Pick<ZipAttributes, 'versionMadeBy'>): boolean {
  return [FAT, NTFS, VFAT].includes(versionMadeBy >> 8)
}

/** Returns type and permissions of an entry. A name that ends in a slash is always a directory. */
export function zipMode(entry: ZipAttributes): { kind: ZipKind; mode: number } {
  const { versionMadeBy, externalFileAttributes: attributes, fileNameRaw } = entry
  const { kind, mode } = ofSystem(versionMadeBy >> 8, attributes)
  return { kind: fileNameRaw.at(-1) === 0x2f ? 'directory' : kind, mode }
}

function ofSystem(system: number, attributes: number): { kind: ZipKind; mode: number } {
  const dos = (attributes & DOS_DIRECTORY) !== 0 ? 'directory' : 'file'
  if (system === NTFS) {
    const mode = dos === 'directory' ? 0o777 : 0o666
    return { kind: dos, mode: (attributes & DOS_READ_ONLY) !== 0 ? mode & ~0o222 : mode }
  }
  const unix = attributes >>> 16
  // Mode 0 means that the writer set no mode, not that the file is unreadable.
  if ((system === UNIX || system === OSX) && unix !== 0) return { kind: KINDS[unix & 0o170000] ?? 'file', mode: unix & 0o7777 }
  return { kind: dos, mode: OPEN }
}
