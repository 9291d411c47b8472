/** Reads the app as tar entries while they are sent to the build. */

import { realpath, stat } from 'node:fs/promises'
import { directoryEntries } from '../archive/files/directory-entries.ts'
import { excluding, including } from '../archive/ignore-rules.ts'
import type { EntryFilter } from '../archive/ignore-rules.ts'
import type { TarEntry } from '../archive/tar/tar-writer.ts'
import { walkTree } from '../archive/files/walk-tree.ts'
import type { ZipTree } from '../archive/zip/zip-tree.ts'
import { CnbError } from '../base/errors.ts'
import type { Context } from '../base/events.ts'

/** .gitignore patterns; either include or exclude. */
export interface FileFilter {
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
}

/** An app: a directory, or a zip archive with the same files. */
export interface App {
  /** The path with resolved links. */
  readonly path: string
  /** For an archive: the text of its project.toml, if any. */
  readonly archive?: { readonly projectToml: string | undefined }
}

export interface AppOptions extends Context {
  /** The result of checkApp. */
  readonly app: App
  /** The app's directory in the container, without the leading slash: `workspace`. */
  readonly root: string
  /** The build user, who owns all entries. */
  readonly uid: number
  readonly gid: number
  readonly filter: FileFilter
}

/** As in pack: buildpacks of any user may write to the app directory. The mode is part of the app layer's digest. */
export const APP_ROOT_MODE = 0o777
/** The size limit of project.toml. */
const MAX_DESCRIPTOR = 1024 * 1024

/**
 * Yields the app as entries of a tar to be extracted at `/`. Modes, times and hard links are those of the host or the archive; the build
 * user owns all entries (specification, platform.md "Build"; the filter applies before the build, project-descriptor.md). Errors are
 * those of directoryEntries and ZipTree.
 */
export async function* appEntries(options: AppOptions): AsyncGenerator<TarEntry, void, undefined> {
  const { app, root, uid, gid, filter, signal, events } = options
  if (app.archive) {
    using tree = await openZip(app.path, options)
    if (!tree) throw new CnbError('CNB_APP_CHANGED', `${app.path} is no longer a zip archive`, { hint: 'Run again while no other program writes to it.' })
    yield* walkTree(tree, { filter: filterOf(filter), signal, withRoot: true })
    return
  }
  yield* directoryEntries(app.path, {
    prefix: root,
    filter: filterOf(filter),
    keepHardLinks: true,
    attributes: (_, relative) => (relative.length === 0 ? { uid, gid, mode: APP_ROOT_MODE } : { uid, gid }),
    signal,
    events,
  })
}

/** The code for archives is loaded on demand. */
async function openZip(path: string, { root, uid, gid, signal, events }: Omit<AppOptions, 'app' | 'filter'>): Promise<ZipTree | undefined> {
  const { ZipTree } = await import('../archive/zip/zip-tree.ts')
  return ZipTree.open(path, { prefix: root, uid, gid, rootMode: APP_ROOT_MODE, signal, events })
}

export function filterOf({ include, exclude }: FileFilter): EntryFilter | undefined {
  if (include && include.length > 0) return including(include)
  return exclude && exclude.length > 0 ? excluding(exclude) : undefined
}

const HINT = 'Pass a directory or a zip archive with --path.'

/**
 * Finds the app. As in pack, an archive (.zip, .jar, .war) is detected by its end record, not by its name.
 * @throws CnbError CNB_APP_INVALID if the path is missing, or neither a directory nor a valid archive; CNB_UNSUPPORTED for an archive
 *   with an unsupported compression or encryption
 */
export async function checkApp(path: string, { signal }: Context = {}): Promise<App> {
  try {
    const resolved = await realpath(path)
    const found = await stat(resolved)
    if (found.isDirectory()) return { path: resolved }
    using tree = found.isFile() ? await openZip(resolved, { root: '', uid: 0, gid: 0, signal }) : undefined
    if (tree) return { path: resolved, archive: { projectToml: tree.text('project.toml', MAX_DESCRIPTOR) } }
    throw new CnbError('CNB_APP_INVALID', `the app ${path} is neither a directory nor a complete zip archive`, { hint: HINT })
  } catch (error) {
    if (error instanceof CnbError) throw error
    throw new CnbError('CNB_APP_INVALID', `cannot read the app ${path}: ${(error as Error).message}`, { hint: HINT, cause: error })
  }
}
