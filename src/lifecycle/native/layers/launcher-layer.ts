/** The layer with the launcher (the lifecycle's layers/launcher.go). */

import type { Readable } from 'node:stream'
import { makeTarLayer } from '../../../archive/tar/tar-layer.ts'
import type { Context } from '../../../base/events.ts'
import type { Layer } from '../../../images/image.ts'
import { CONSTANT_MTIME } from '../../../oci/constant-time.ts'
import { rootDirectory } from './layer-entries.ts'

/** The launcher's program; `open` is called at every reading of the layer, and gives `size` bytes. */
export interface LauncherContent {
  readonly size: number
  open(signal?: AbortSignal): Promise<Readable>
}

/** `/cnb`, `/cnb/lifecycle` and the launcher in it, all of them root's. @throws whatever `content` fails with */
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
