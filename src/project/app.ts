/** The app directory on its way into the build: entries of a tar, read while it is sent. */

import { open, realpath, stat } from 'node:fs/promises'
import { directoryEntries } from '../archive/directory-entries.ts'
import { excluding, including } from '../archive/ignore-rules.ts'
import type { EntryFilter } from '../archive/ignore-rules.ts'
import type { TarEntry } from '../archive/tar-writer.ts'
import { CnbError } from '../base/errors.ts'
import type { Context } from '../base/events.ts'

/** .gitignore patterns; include or exclude, not both. */
interface FileFilter {
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
}

export interface AppOptions extends Context {
  /** The app directory, from checkApp. */
  readonly path: string
  /** The app's directory in the container, without the leading slash: `workspace`. */
  readonly root: string
  /** The build user, who gets everything. */
  readonly uid: number
  readonly gid: number
  readonly filter: FileFilter
}

/** As the peer makes it: buildpacks of any user may write beside the app. It goes into the app layer's digest. */
const ROOT_MODE = 0o777

/**
 * The app as entries of a tar to be unpacked at `/`. Modes, times and hard links are the host's; owners are the build user's (specification,
 * platform.md "Build"; the filter applies before the build, project-descriptor.md). They fail as directoryEntries does.
 */
export function appEntries(options: AppOptions): AsyncIterable<TarEntry> {
  const { path, root, uid, gid, filter, signal, events } = options
  return directoryEntries(path, {
    prefix: root,
    filter: filterOf(filter),
    keepHardLinks: true,
    attributes: (_, relative) => (relative.length === 0 ? { uid, gid, mode: ROOT_MODE } : { uid, gid }),
    signal,
    events,
  })
}

function filterOf({ include, exclude }: FileFilter): EntryFilter | undefined {
  if (include && include.length > 0) return including(include)
  return exclude && exclude.length > 0 ? excluding(exclude) : undefined
}

const ZIP = Buffer.from('PK\x03\x04', 'latin1')

/**
 * The app directory with its links resolved.
 * @throws CnbError CNB_APP_INVALID when it is missing or no directory, CNB_UNSUPPORTED for a zip archive
 */
export async function checkApp(path: string): Promise<string> {
  try {
    const resolved = await realpath(path)
    const found = await stat(resolved)
    if (found.isDirectory()) return resolved
    if (found.isFile() && (await firstBytes(resolved, ZIP.length)).equals(ZIP)) {
      throw new CnbError('CNB_UNSUPPORTED', `the app ${path} is a zip archive, which cnb cannot read`, {
        hint: 'Unpack it and give the directory with --path.',
      })
    }
    throw new CnbError('CNB_APP_INVALID', `the app ${path} is not a directory`, { hint: 'Give the directory with --path.' })
  } catch (error) {
    if (error instanceof CnbError) throw error
    throw new CnbError('CNB_APP_INVALID', `cannot read the app directory ${path}: ${(error as Error).message}`, {
      hint: 'Give an existing directory with --path.',
      cause: error,
    })
  }
}

async function firstBytes(path: string, length: number): Promise<Buffer> {
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}
