/** The places of input records: with the build's cache, which several machines can share. */

import { join } from 'node:path'
import { readBounded } from '../../../base/bounded-file.ts'
import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import { writeFileAtomically } from '../../../base/files.ts'
import type { Volumes } from '../../../docker/engine.ts'
import type { ImageSink, ImageSource } from '../../../images/image.ts'
import { replaceLabel } from '../../../lifecycle/cache-volumes.ts'
import { familiarName, type Tag } from '../../../oci/reference.ts'

export interface RecordStore {
  /** Returns undefined if the record is missing. */
  read(context: Context): Promise<string | undefined>
  /** Replaces the record. An interruption leaves the old record or none. */
  write(text: string, context: Context): Promise<void>
}

const RECORD_LABEL = 'dev.cnb.inputs'
/** The stock lifecycle ignores other files and labels than its own in caches. */
const RECORD_FILE = 'cnb-inputs'
/** Larger than any record. */
const MAX_BYTES = 64 * 1024

/** Returns the store in the label of an empty volume (replaceLabel). */
export function volumeRecords(volumes: Pick<Volumes, 'labels' | 'remove' | 'create'>, name: string): RecordStore {
  return {
    read: async (context) => (await volumes.labels(name, context))?.[RECORD_LABEL],
    write: (text, context) => replaceLabel(volumes, name, RECORD_LABEL, text, context),
  }
}

/** Returns the store in the directory of `--cache type=build;format=bind`. */
export function directoryRecords(directory: string): RecordStore {
  const file = join(directory, RECORD_FILE)
  return {
    read: async ({ signal }) => {
      try {
        return (await readBounded(file, { max: MAX_BYTES, signal })).toString()
      } catch (error) {
        signal?.throwIfAborted()
        // An unreadable file is like a damaged record.
        return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : ''
      }
    },
    write: async (text) => {
      try {
        await writeFileAtomically(file, text, 0o600)
      } catch (error) {
        throw new CnbError('CNB_OUTPUT', `cannot write ${file}: ${(error as Error).message}`, { cause: error })
      }
    },
  }
}

/** Returns the store in a label of the cache image, which the build has just saved without it. */
export function cacheImageRecords(images: ImageSource & ImageSink, reference: Tag): RecordStore {
  const find = (context: Context) => images.find(familiarName(reference), context)
  return {
    read: async (context) => (await find(context))?.labels[RECORD_LABEL],
    write: async (text, context) => {
      const image = await find(context)
      if (!image) return
      const { config, layers } = image
      const labelled = { ...config, config: { ...config.config, Labels: { ...config.config.Labels, [RECORD_LABEL]: text } } }
      await images.save({ base: image, config: labelled, layers, tags: [reference] }, context)
    },
  }
}
