/** Reads the build's files through the session, which is faster than through the engine. */

import { posix } from 'node:path'
import type { PlainEntry } from '../../../archive/tar/plain-entry.ts'
import { CnbError } from '../../../base/errors.ts'
import { decide } from '../../../base/events.ts'
import { treeAt } from '../layers/container-files.ts'
import { readEntryList } from '../layers/entry-list.ts'
import type { BuildFiles } from '../model.ts'
import type { BuildSession } from './session/build-session.ts'
import { MAX_TAR_ENTRIES } from './session/session-script.ts'
import type { TarRefusal } from './session/session-tar.ts'

const REASONS: Readonly<Record<TarRefusal, string>> = {
  tar: 'the builder has no GNU tar from 1.28 on, or the build user cannot enter the directory above',
  access: 'it has files that the build user cannot read, or devices',
  limit: `it has more than ${MAX_TAR_ENTRIES} entries`,
  busy: 'the container is sending other files',
  ended: 'the program of the container has ended',
}

/**
 * Returns a reader like that of `engine`, which reads everything that the session cannot. The container's tar is a claim of the build about files
 * that it could write; other entries are refused (docs/security.md).
 */
export function sessionFiles(session: Pick<BuildSession, 'tar'>, engine: BuildFiles): BuildFiles {
  return {
    async list(path) {
      const parent = posix.dirname(path)
      const list = await session.tar(parent, posix.basename(path), 'list')
      return typeof list === 'string' ? undefined : readEntryList(list, parent)
    },
    async read(path, context) {
      const tar = await session.tar(posix.dirname(path), posix.basename(path))
      const outcome = typeof tar === 'string' ? 'read through the engine' : "read with the builder's tar"
      decide(context, { kind: 'files', name: path }, outcome, typeof tar === 'string' ? REASONS[tar] : 'the engine takes longer for many files')
      if (typeof tar === 'string') return engine.read(path, context)
      const origin = { source: `the container's tar of ${path}`, invalid: 'CNB_EXPORT_FAILED' } as const
      return withoutDevices(treeAt(path, tar, origin, context), origin.source)
    },
  }
}

/** Refuses devices, which the build user cannot make. */
async function* withoutDevices(entries: AsyncIterable<PlainEntry>, source: string): AsyncGenerator<PlainEntry, void, undefined> {
  let count = 0
  for await (const entry of entries) {
    if (entry.type === 'character' || entry.type === 'block') throw new CnbError('CNB_EXPORT_FAILED', `${source} has the device ${JSON.stringify(entry.name.toString())}`)
    if (++count > MAX_TAR_ENTRIES) throw new CnbError('CNB_EXPORT_FAILED', `${source} has more than ${MAX_TAR_ENTRIES} entries`)
    yield entry
  }
}
