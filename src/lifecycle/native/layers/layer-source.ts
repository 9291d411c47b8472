/** The input of a build's layers: container files, owner and spools. */

import type { TarReadEntry } from '../../../archive/tar/tar-reader.ts'
import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import type { BuildFiles } from '../model.ts'
import type { EntryOwner } from './layer-entries.ts'
import type { Spool } from './spool.ts'

export interface LayerSource {
  readonly files: BuildFiles
  readonly owner: EntryOwner
  /** Returns a new spool, which can be read as long as the layers can be opened. */
  newSpool(): Spool
}

/** Generates the entry at `path` and all entries below it. @throws CnbError CNB_EXPORT_FAILED if `path` does not exist */
export async function* filesAt({ files }: LayerSource, path: string, context: Context): AsyncGenerator<TarReadEntry, void, undefined> {
  const found = await files.read(path, context)
  if (!found) throw new CnbError('CNB_EXPORT_FAILED', `cannot read ${path}: the container does not have it`)
  yield* found
}

/** Returns a name as a key for maps, with one latin1 character for each byte. */
export function keyOf(name: Buffer | undefined): string {
  return name?.toString('latin1') ?? ''
}
