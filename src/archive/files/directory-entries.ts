/** A directory of the host as tar entries. What is in it is not trusted to stand still, nor to be files. */

import { HostDirectory } from './host-directory.ts'
import type { HostDirectoryOptions } from './host-directory.ts'
import type { TarEntry } from '../tar/tar-writer.ts'
import { walkTree, type WalkOptions } from './walk-tree.ts'

export interface DirectoryOptions extends HostDirectoryOptions, Omit<WalkOptions, 'withRoot'> {}

/**
 * The entries of `directory` in walkTree's order.
 * Links are kept as they are, wherever they lead, and never followed (but `directory` itself may be one). Sockets are left out
 * with a debug event, devices with a warning; FIFOs are kept and never opened.
 * @throws CnbError `invalid` (CNB_APP_INVALID when absent) for what cannot be read, CNB_APP_CHANGED for what changes meanwhile
 */
export async function* directoryEntries(directory: string, options: DirectoryOptions): AsyncGenerator<TarEntry, void, undefined> {
  yield* walkTree(new HostDirectory(directory, options), { ...options, withRoot: options.prefix !== '' })
}
