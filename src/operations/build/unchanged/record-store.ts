/** The places of input records: with the build's cache, which several machines can share. */

import type { Context } from '../../../base/events.ts'
import type { Volumes } from '../../../docker/engine.ts'
import { CACHE_LABELS } from '../../../lifecycle/cache-volumes.ts'

export interface RecordStore {
  /** Returns undefined if the record is missing. */
  read(context: Context): Promise<string | undefined>
  /** Replaces the record. An interruption leaves the old record or none. */
  write(text: string, context: Context): Promise<void>
}

const RECORD_LABEL = 'dev.cnb.inputs'

/**
 * Returns the store in the labels of an empty volume. One call reads them, without a container, and no program in a container can
 * change them.
 */
export function volumeRecords(volumes: Pick<Volumes, 'labels' | 'remove' | 'create'>, name: string): RecordStore {
  return {
    read: async (context) => (await volumes.labels(name, context))?.[RECORD_LABEL],
    write: async (text, context) => {
      // Labels cannot be changed.
      await volumes.remove(name)
      await volumes.create(name, { ...CACHE_LABELS, [RECORD_LABEL]: text }, context)
    },
  }
}
