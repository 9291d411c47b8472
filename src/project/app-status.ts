/** The status of all files of an app: a walk that opens no file. */

import { createHash } from 'node:crypto'
import { lstatSync, type Stats } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { FileStatus, STATUS_BYTES } from '../archive/files/file-status.ts'
import { HostDirectory } from '../archive/files/host-directory.ts'
import { type OpenEntry, stepTree } from '../archive/files/walk-tree.ts'
import type { TarEntry } from '../archive/tar/tar-writer.ts'
import { readBounded } from '../base/bounded-file.ts'
import type { Context } from '../base/events.ts'
import { writeFileAtomically } from '../base/files.ts'
import { type FileFilter, filterOf } from './app.ts'

const BUFFER_BYTES = 64 * 1024

/** The digest of the names and the status of files, in their order. */
export class StatusHash {
  readonly #hash = createHash('sha256')
  readonly #buffer = Buffer.allocUnsafe(BUFFER_BYTES)
  readonly #status = new FileStatus()
  #length = 0
  /** The latest time of all files, in milliseconds. */
  latest = 0

  add(path: Buffer, stats: Stats): void {
    if (this.#length + path.length + 1 + STATUS_BYTES > BUFFER_BYTES) this.#flush()
    if (path.length > BUFFER_BYTES / 2) this.#hash.update(path)
    else this.#length += path.copy(this.#buffer, this.#length)
    // Names have no NUL.
    this.#buffer[this.#length++] = 0
    this.#status.set(stats)
    this.#length += this.#status.bytes.copy(this.#buffer, this.#length)
    this.latest = Math.max(this.latest, stats.mtimeMs, stats.ctimeMs)
  }

  digest(): string {
    this.#flush()
    return this.#hash.digest('hex')
  }

  #flush(): void {
    this.#hash.update(this.#buffer.subarray(0, this.#length))
    this.#length = 0
  }
}

export interface AppStatus {
  /** It differs after any write to a file. */
  readonly status: string
  /** The latest time of all files, in milliseconds. */
  readonly latest: number
}

/** Returns the status of the files that the filter includes. @throws CnbError CNB_APP_CHANGED, CNB_APP_INVALID */
export async function readStatus(directory: string, filter: FileFilter, { signal }: Context): Promise<AppStatus> {
  const source = new StatusDirectory(directory)
  for (const entry of stepTree(source, { filter: filterOf(filter), signal, withRoot: true })) {
    if (!entry) await setImmediate()
  }
  return { status: source.hash.digest(), latest: source.hash.latest }
}

const ENTRY: TarEntry = { type: 'file', name: '', mode: 0, uid: 0, gid: 0, mtime: 0 }
const OPEN: OpenEntry = { entry: ENTRY, [Symbol.dispose]: () => {} }

class StatusDirectory extends HostDirectory {
  readonly hash = new StatusHash()

  constructor(path: string) {
    super(path, { prefix: 'app' })
  }

  override entry(...[path, , stats]: Parameters<HostDirectory['entry']>): TarEntry {
    this.hash.add(path, stats)
    return ENTRY
  }

  override open(path: Buffer, stats: Stats): OpenEntry {
    this.hash.add(path, stats)
    return OPEN
  }
}

/** A file of this size is not the output of `writeKnownApp`. */
const MAX_BYTES = 4096
const KNOWN = /^cnb app 1 ([0-9a-f]{64}) ([0-9a-f]{64}) (\d{1,16})\n$/

/** Returns the content's digest of the app with this status, if the file has it. */
export async function readKnownApp(file: string, status: string, now: number): Promise<string | undefined> {
  try {
    const { uid } = lstatSync(file)
    if (uid !== (process.getuid?.() ?? uid)) return undefined
    const [, known, content, time] = KNOWN.exec((await readBounded(file, { max: MAX_BYTES })).toString('latin1')) ?? []
    // With a clock that was set back, a file can get the same times again.
    return known === status && Number(time) <= now ? content : undefined
  } catch {
    // The digests of the single files are used instead.
    return undefined
  }
}

/** Writes the file for readKnownApp. A failure has no other effect than a longer next walk. */
export async function writeKnownApp(file: string, { status, content }: { readonly status: string; readonly content: string }, now: number): Promise<void> {
  await writeFileAtomically(file, `cnb app 1 ${status} ${content} ${Math.trunc(now)}\n`, 0o600).catch(() => {})
}
