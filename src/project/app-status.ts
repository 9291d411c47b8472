/** The status of all files of an app: a walk that opens no file. */

import { createHash } from 'node:crypto'
import { lstatSync, statSync, type Stats } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { FileStatus, STATUS_BYTES } from '../archive/files/file-status.ts'
import { stepStatus } from '../archive/files/walk-status.ts'
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

  /** @param path text with one character for each byte */
  add(path: string, stats: Stats): void {
    if (this.#length + path.length + 1 + STATUS_BYTES > BUFFER_BYTES) this.#flush()
    if (path.length > BUFFER_BYTES / 2) this.#write(Buffer.from(path, 'latin1'))
    else this.#length += this.#buffer.write(path, this.#length, 'latin1')
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
  const hash = new StatusHash(true)
  if (archive) hash.add(Buffer.from(JSON.stringify([path, filter])).toString('latin1'), statSync(path))
  else await hashDirectory(hash, path, filter, context)
  const content = hash.content()
  return { status: hash.digest(), latest: hash.latest, content }
}

/** Returns the status of the files that the filter includes. @throws CnbError CNB_APP_CHANGED, CNB_APP_INVALID */
export async function readStatus(directory: string, filter: FileFilter, context: Context): Promise<AppStatus> {
  const hash = new StatusHash()
  await hashDirectory(hash, directory, filter, context)
  return { status: hash.digest(), latest: hash.latest }
}

async function hashDirectory(hash: StatusHash, directory: string, filter: FileFilter, { signal }: Context): Promise<void> {
  for (const _ of stepStatus(directory, { filter: filterOf(filter), signal }, (path, stats) => hash.add(path, stats))) await setImmediate()
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
