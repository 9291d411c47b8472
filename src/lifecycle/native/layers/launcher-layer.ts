/** Creates the layer with the launcher (lifecycle layers/launcher.go). */

import { makeTarLayer } from '../../../archive/tar/tar-layer.ts'
import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import type { Layer } from '../../../images/image.ts'
import { CONSTANT_MTIME } from '../../../oci/constant-time.ts'
import { rootDirectory } from './layer-entries.ts'
import type { LayerSource } from './layer-source.ts'

const LAUNCHER = '/cnb/lifecycle/launcher'

/**
 * Returns the layer with `/cnb`, `/cnb/lifecycle` and the launcher in it; root owns them. The launcher is read once, into a spool.
 * @throws CnbError CNB_BUILDER_INVALID if the launcher is not a file; errors of the source
 */
export async function launcherLayer(source: Pick<LayerSource, 'files' | 'newSpool'>, context: Context): Promise<Layer> {
  const spool = source.newSpool()
  for await (const { type, bytes, content } of (await source.files.read(LAUNCHER, context)) ?? []) {
    if (type !== 'file') break
    const spooled = await spool.add(bytes ?? content)
    const owner = { uid: 0, gid: 0, mtime: CONSTANT_MTIME }
    return await makeTarLayer(
      () => [
        rootDirectory('/cnb'),
        rootDirectory('/cnb/lifecycle'),
        { type: 'file', name: LAUNCHER, mode: 0o755, ...owner, size: spooled.size, content: spool.read(spooled) },
      ],
      context,
    )
  }
  throw new CnbError('CNB_BUILDER_INVALID', `the builder has no ${LAUNCHER}`)
}
