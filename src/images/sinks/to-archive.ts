/** The sink of `--format file`: a tar of an OCI layout. */

import { saveToArchive } from '../archive/archive-sink.ts'
import type { Sink } from './sink.ts'

/** Returns the sink of a file. @param path absolute */
export function toArchive(path: string): Sink {
  return {
    place: path,
    store: 'files',
    takesBlobs: true,
    describe: (tags) => `in ${tags}`,
    open: ({ blobs }) => ({ save: (plan, context) => saveToArchive(path, plan, blobs, context) }),
  }
}
