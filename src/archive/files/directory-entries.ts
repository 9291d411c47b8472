/** Converts a host directory to tar entries, while other programs may change its files. */

import { HostDirectory } from './host-directory.ts'
import type { HostDirectoryOptions } from './host-directory.ts'
import type { TarEntry } from '../tar/tar-writer.ts'
import { walkTree, type WalkOptions } from './walk-tree.ts'

export interface DirectoryOptions extends HostDirectoryOptions, Omit<WalkOptions, 'withRoot'> {}

/**
 * Returns the entries of `directory` in the order of walkTree. Links are kept unchanged, wherever they point, and not followed
 * (except `directory` itself, which may be a link). Sockets are omitted with an info event, devices with a warning; FIFOs are kept and never opened.
 * @throws CnbError `invalid` (default: CNB_APP_INVALID) for unreadable files, CNB_APP_CHANGED if a file changes during the read
 */
export async function* directoryEntries(directory: string, options: DirectoryOptions): AsyncGenerator<TarEntry, void, undefined> {
  yield* walkTree(new HostDirectory(directory, options), { ...options, withRoot: options.prefix !== '' })
}
