/** The status of all files of an app: a walk that opens no file. */

import { createHash } from 'node:crypto'
import { lstatSync, statSync, type Stats } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { FileStatus, STATUS_BYTES } from '../archive/files/file-status.ts'
import { HostDirectory } from '../archive/files/host-directory.ts'
import { type OpenEntry, stepTree } from '../archive/files/walk-tree.ts'
import type { TarEntry } from '../archive/tar/tar-writer.ts'
import { readBounded } from '../base/bounded-file.ts'
import type { Context } from '../base/events.ts'
import { writeFileAtomically } from '../base/files.ts'
import { type App, type FileFilter, filterOf } from './app.ts'

const BUFFER_BYTES = 64 * 1024

/** The digest of the names and the status of files, in their order. */
export class StatusHash {
  readonly #hash = createHash('sha256')
  readonly #buffer = Buffer.allocUnsafe(BUFFER_BYTES)
  readonly #status = new FileStatus()
  readonly #kept: Buffer[] | undefined
  #length = 0
  /** The latest time of all files, in milliseconds. */
  latest = 0

  /** @param keep whether `content` is used */
  constructor(keep = false) {
    this.#kept = keep ? [] : undefined
  }

  add(path: Buffer, stats: Stats): void {
    if (this.#length + path.length + 1 + STATUS_BYTES > BUFFER_BYTES) this.#flush()
    if (path.length > BUFFER_BYTES / 2) this.#write(path)
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

  /** Returns all that was hashed: for each file its name, a NUL, and its status. */
  content(): Buffer {
    this.#flush()
    return Buffer.concat(this.#kept ?? [])
  }

  #flush(): void {
    this.#write(this.#buffer.subarray(0, this.#length))
    this.#length = 0
  }

  #write(bytes: Buffer): void {
    this.#hash.update(bytes)
    this.#kept?.push(Buffer.from(bytes))
  }
}

export interface AppStatus {
  /** It differs after any write to a file. */
  readonly status: string
  /** The latest time of all files, in milliseconds. */
  readonly latest: number
}

/** The status of every file of an app. */
export interface AppStatuses extends AppStatus {
  /** For each file its name relative to the app, a NUL, and STATUS_BYTES. `status` is the digest. */
  readonly content: Buffer
}

/** Returns the status of the app's files; of an archive, its own. @throws CnbError CNB_APP_CHANGED, CNB_APP_INVALID */
export async function appStatus({ path, archive }: App, filter: FileFilter, context: Context): Promise<AppStatuses> {
  if (!archive) return statusOf(await walkStatus(new StatusDirectory(path, true), filter, context))
  const hash = new StatusHash(true)
  hash.add(Buffer.from(JSON.stringify([path, filter])), statSync(path))
  return statusOf(hash)
}

/** Returns the status of the files that the filter includes. @throws CnbError CNB_APP_CHANGED, CNB_APP_INVALID */
export async function readStatus(directory: string, filter: FileFilter, { signal }: Context): Promise<AppStatus> {
  return statusOf(await walkStatus(new StatusDirectory(directory, false), filter, { signal }))
}

async function walkStatus(source: StatusDirectory, filter: FileFilter, { signal }: Context): Promise<StatusHash> {
  for (const entry of stepTree(source, { filter: filterOf(filter), signal, withRoot: true })) {
    if (!entry) await setImmediate()
  }
  return source.hash
}

function statusOf(hash: StatusHash): AppStatuses {
  const content = hash.content()
  return { status: hash.digest(), latest: hash.latest, content }
}

const ENTRY: TarEntry = { type: 'file', name: '', mode: 0, uid: 0, gid: 0, mtime: 0 }
const OPEN: OpenEntry = { entry: ENTRY, [Symbol.dispose]: () => {} }

class StatusDirectory extends HostDirectory {
  readonly hash: StatusHash

  constructor(path: string, keep: boolean) {
    super(path, { prefix: 'app' })
    this.hash = new StatusHash(keep)
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
