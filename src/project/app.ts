/** The app on its way into the build: entries of a tar, read while it is sent. */

import { realpath, stat } from 'node:fs/promises'
import { directoryEntries } from '../archive/files/directory-entries.ts'
import { excluding, including } from '../archive/ignore-rules.ts'
import type { EntryFilter } from '../archive/ignore-rules.ts'
import type { TarEntry } from '../archive/tar/tar-writer.ts'
import { walkTree } from '../archive/files/walk-tree.ts'
import type { ZipTree } from '../archive/zip/zip-tree.ts'
import { CnbError } from '../base/errors.ts'
import type { Context } from '../base/events.ts'

/** .gitignore patterns; include or exclude, not both. */
interface FileFilter {
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
}

/** An app: a directory, or a zip archive with the same files. */
export interface App {
  /** With its links resolved. */
  readonly path: string
  /** Of an archive only: what its project.toml says, where there is one. */
  readonly archive?: { readonly projectToml: string | undefined }
}

export interface AppOptions extends Context {
  /** From checkApp. */
  readonly app: App
  /** The app's directory in the container, without the leading slash: `workspace`. */
  readonly root: string
  /** The build user, who gets everything. */
  readonly uid: number
  readonly gid: number
  readonly filter: FileFilter
}

/** As pack makes it: buildpacks of any user may write beside the app. It goes into the app layer's digest. */
const ROOT_MODE = 0o777
/** project.toml's own limit. */
const MAX_DESCRIPTOR = 1024 * 1024

/**
 * The app as entries of a tar to be unpacked at `/`. Modes, times and hard links are the host's, or the archive's; owners are the
 * build user's (specification, platform.md "Build"; the filter applies before the build, project-descriptor.md). They fail as
 * directoryEntries and ZipTree do.
 */
export async function* appEntries(options: AppOptions): AsyncGenerator<TarEntry, void, undefined> {
  const { app, root, uid, gid, filter, signal, events } = options
  if (app.archive) {
    using tree = await openZip(app.path, options)
    if (!tree) throw new CnbError('CNB_APP_CHANGED', `${app.path} is no longer a zip archive`, { hint: 'Run again when nothing writes to it.' })
    yield* walkTree(tree, { filter: filterOf(filter), signal, withRoot: true })
    return
  }
  yield* directoryEntries(app.path, {
    prefix: root,
    filter: filterOf(filter),
    keepHardLinks: true,
    attributes: (_, relative) => (relative.length === 0 ? { uid, gid, mode: ROOT_MODE } : { uid, gid }),
    signal,
    events,
  })
}

/** The code for archives is loaded by those who have one. */
async function openZip(path: string, { root, uid, gid, signal, events }: Omit<AppOptions, 'app' | 'filter'>): Promise<ZipTree | undefined> {
  const { ZipTree } = await import('../archive/zip/zip-tree.ts')
  return ZipTree.open(path, { prefix: root, uid, gid, rootMode: ROOT_MODE, signal, events })
}

function filterOf({ include, exclude }: FileFilter): EntryFilter | undefined {
  if (include && include.length > 0) return including(include)
  return exclude && exclude.length > 0 ? excluding(exclude) : undefined
}

const HINT = 'Give a directory or a zip archive with --path.'

/**
 * Finds the app. An archive is recognised by the record at its end, as in pack, whatever its name is: .zip, .jar, .war.
 * @throws CnbError CNB_APP_INVALID when it is missing, neither a directory nor an archive, or an archive that cannot be used;
 *   CNB_UNSUPPORTED for an archive that is compressed or encrypted in a way that cnb cannot read
 */
export async function checkApp(path: string, { signal }: Context = {}): Promise<App> {
  try {
    const resolved = await realpath(path)
    const found = await stat(resolved)
    if (found.isDirectory()) return { path: resolved }
    using tree = found.isFile() ? await openZip(resolved, { root: '', uid: 0, gid: 0, signal }) : undefined
    if (tree) return { path: resolved, archive: { projectToml: tree.text('project.toml', MAX_DESCRIPTOR) } }
    throw new CnbError('CNB_APP_INVALID', `the app ${path} is not a directory and not a zip archive, or not all of one`, { hint: HINT })
  } catch (error) {
    if (error instanceof CnbError) throw error
    throw new CnbError('CNB_APP_INVALID', `cannot read the app ${path}: ${(error as Error).message}`, { hint: HINT, cause: error })
  }
}
