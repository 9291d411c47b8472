/** Creates the layer with the launcher (lifecycle layers/launcher.go). */

import type { Readable } from 'node:stream'
import { makeTarLayer } from '../../../archive/tar/tar-layer.ts'
import type { Context } from '../../../base/events.ts'
import type { Layer } from '../../../images/image.ts'
import { CONSTANT_MTIME } from '../../../oci/constant-time.ts'
import { rootDirectory } from './layer-entries.ts'

/** The launcher's program. Each reading of the layer calls `open`, which returns `size` bytes. */
export interface LauncherContent {
  readonly size: number
  open(signal?: AbortSignal): Promise<Readable>
}

/** Returns the layer with `/cnb`, `/cnb/lifecycle` and the launcher in it; root owns them. @throws errors of `content` */
export function launcherLayer(content: LauncherContent, context: Context = {}): Promise<Layer> {
  return makeTarLayer(
    (signal) => [
      rootDirectory('/cnb'),
      rootDirectory('/cnb/lifecycle'),
      {
        type: 'file',
        name: '/cnb/lifecycle/launcher',
        mode: 0o755,
        uid: 0,
        gid: 0,
        mtime: CONSTANT_MTIME,
        size: content.size,
        content: () => content.open(signal),
      },
    ],
    { signal: context.signal },
  )
}
