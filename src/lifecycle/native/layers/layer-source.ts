/** What the layers of a build are made from. */

import type { TarReadEntry } from '../../../archive/tar/tar-reader.ts'
import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import type { BuildFiles } from '../model.ts'
import type { EntryOwner } from './layer-entries.ts'
import type { Spool } from './spool.ts'

export interface LayerSource {
  readonly files: BuildFiles
  readonly owner: EntryOwner
  /** A spool that lives as long as the layers. */
  newSpool(): Spool
}

/** @throws CnbError CNB_EXPORT_FAILED when there is nothing at `path` */
export async function* filesAt({ files }: LayerSource, path: string, context: Context): AsyncGenerator<TarReadEntry, void, undefined> {
  const found = await files.read(path, context)
  if (!found) throw new CnbError('CNB_EXPORT_FAILED', `there is no ${path} in the container`)
  yield* found
}

/** A name as a key: one latin1 character for each byte. */
export function keyOf(name: Buffer | undefined): string {
  return name?.toString('latin1') ?? ''
}
