/** The size from which an app is sent apart from the build's other input. */

import type { TarEntry } from '../../../archive/tar/tar-writer.ts'
import type { Context } from '../../../base/events.ts'
import type { BuildStart } from '../../lifecycle.ts'

/** Up to these numbers of entries and bytes, one archive with all of a build's input takes less time. */
const FEW = 100
const SMALL = 16 * 1024 * 1024

/** Returns the entry of the app's directory if the session sends the app, which needs the directory; undefined for a small app. */
export async function directoryOfLargeApp(plan: BuildStart, { signal }: Context): Promise<TarEntry | undefined> {
  let first: TarEntry | undefined
  let count = 0
  let bytes = 0
  for await (const entry of plan.appEntries({ signal })) {
    first ??= entry
    bytes += entry.size ?? 0
    if (++count > FEW || bytes > SMALL) return first
  }
  return undefined
}
